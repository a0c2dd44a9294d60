package scenario

import "testing"

// TestPlainly has the slips of somebody's first conditions answered in plain words.
func TestPlainly(t *testing.T) {
	for text, want := range map[string]string{
		`redy("app") == 3`:          `nothing is called redy; did you mean ready?`,
		`ready(app) == 3`:           `nothing is called app; a name stands in quotation marks: "app"`,
		`ready("app") = 3`:          `there is no = here; write ==`,
		`ready("app") => 3`:         `there is no => here; write >=`,
		`ready("app" == 3`:          `a ) is missing`,
		`ready("app")) == 3`:        `there is one ) too many`,
		`ready("app") == "3"`:       `== cannot join a number and a text; both sides must be of one kind`,
		`ready(3) > 0`:              `ready is given a number; it is written ready("app"), with each name in quotation marks`,
		`ready() > 0`:               `ready is given nothing; it is written ready("app"), with each name in quotation marks`,
		`ready('app) > 1`:           `a text is not ended; its second quotation mark is missing`,
		`ready("app") ==`:           `it ends too early; something is missing after ==`,
		`ready("app") > 1 and true`: `there is no and here; write &&`,
		`not true`:                  `there is no not here; write !`,
		`!ready("app")`:             `! cannot stand before a number; make it a question first: == 0`,
		`ready(“app”) > 1`:          `there is no “ here; write "`,
		`ready("a").foo == 1`:       `only an object has fields, and this is a number; ask for one first: object("deployment", "app").status.readyReplicas`,
		`redis ready`:               `ready does not belong here; conditions are joined by && or ||`,
		`events("X").size() > 0`:    `size cannot be asked of a number`,
	} {
		_, err := ParseCondition(text, NewView())
		if err == nil || err.Error() != text+": "+want {
			t.Errorf("got  %v\nwant %s: %s", err, text, want)
		}
	}
}
