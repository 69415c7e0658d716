#!/bin/sh
set -e
if command -v systemd-sysusers >/dev/null 2>&1; then
	systemd-sysusers mallbridge.conf
elif ! getent passwd mallbridge >/dev/null; then
	adduser --system --group --home /var/lib/mallbridge --no-create-home --shell /usr/sbin/nologin mallbridge
fi
if command -v systemd-tmpfiles >/dev/null 2>&1; then
	systemd-tmpfiles --create mallbridge.conf
else
	install -d -o mallbridge -g mallbridge -m 0750 /var/lib/mallbridge
	install -d -o root -g mallbridge -m 0750 /etc/mallbridge
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	# An upgrade restarts what ran; a first installation starts nothing.
	systemctl try-restart mallbridge.service || true
fi
