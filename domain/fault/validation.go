package fault

import "errors"

// Validation collects refused fields, so that a client learns all of them at
// once. The zero value is ready for use.
type Validation struct {
	fields []Field
}

// Refuse adds a field and the reason why it cannot be accepted.
func (v *Validation) Refuse(name, message string) {
	v.fields = append(v.fields, Field{Name: name, Message: message})
}

// Check adds what err says of the field; a nil err adds nothing. The text of
// an error that is no fault is shown as it is: parsers of values return plain
// sentences.
func (v *Validation) Check(name string, err error) {
	if err == nil {
		return
	}
	var f *Error
	if errors.As(err, &f) {
		v.Refuse(name, f.Public)
		return
	}
	v.Refuse(name, err.Error())
}

// Err returns ErrInvalid with every collected field, or nil when there is none.
func (v *Validation) Err() error {
	if len(v.fields) == 0 {
		return nil
	}
	e := *ErrInvalid
	e.Fields = v.fields
	return &e
}
