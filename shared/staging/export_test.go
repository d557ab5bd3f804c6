package staging

// AppendLine encodes a reply as it is staged.
func AppendLine(dst []byte, r *Reply) ([]byte, error) { return r.appendLine(dst) }
