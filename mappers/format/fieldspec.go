package format

// Field returns the name of the field that is built.
func (f *FieldSpec) Field() string { return f.name }
