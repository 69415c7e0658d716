package formats_test

func orderSystemInputs() []input { return nil }
