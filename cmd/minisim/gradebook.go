package main

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"

	"minisim/sim/scenario"
)

// gradeBook is the outcome of minisim grade.
type gradeBook struct {
	Scenario string   `json:"scenario"`
	Hash     string   `json:"hash"`
	Held     bool     `json:"held"` // the scenario's own expectations
	Sheets   []*sheet `json:"students"`

	questions []*scenario.Question
}

// reports are the forms in which a grade book may be written, by the value of -o.
var reports = map[string]func(io.Writer, gradeBook) error{
	"text": textReport, "json": jsonReport, "csv": csvReport, "junit": junitReport,
}

func textReport(w io.Writer, r gradeBook) error {
	for _, sh := range r.Sheets {
		verdict := "passed"
		if !sh.Passed {
			verdict = "not passed"
		}
		if _, err := fmt.Fprintf(w, "%s: %d of %d points, %s\n", sh.Student, sh.Points, sh.Of, verdict); err != nil {
			return err
		}
		for _, m := range sh.Marks {
			if _, err := fmt.Fprintln(w, "  "+m.Tell()); err != nil {
				return err
			}
		}
	}
	return nil
}

func jsonReport(w io.Writer, r gradeBook) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// csvReport has a line for each student, a column for each question's points.
func csvReport(w io.Writer, r gradeBook) error {
	c := csv.NewWriter(w)
	head := []string{"student", "points", "of", "passed"}
	for _, q := range r.questions {
		head = append(head, q.ID)
	}
	c.Write(head)
	for _, sh := range r.Sheets {
		line := []string{sh.Student, fmt.Sprint(sh.Points), fmt.Sprint(sh.Of), fmt.Sprint(sh.Passed)}
		for _, m := range sh.Marks {
			line = append(line, fmt.Sprint(m.Points))
		}
		c.Write(line)
	}
	c.Flush()
	return c.Error()
}

// The elements of a JUnit report, as continuous integration reads it: a suite
// for each student, a case for each question.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Name    string       `xml:"name,attr"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitMessage `xml:"failure"`
		Skipped *junitMessage `xml:"skipped"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func junitReport(w io.Writer, r gradeBook) error {
	all := junitSuites{Name: r.Scenario}
	for _, sh := range r.Sheets {
		suite := junitSuite{Name: sh.Student, Tests: len(sh.Marks)}
		for _, m := range sh.Marks {
			c := junitCase{Class: r.Scenario, Name: m.ID}
			switch {
			case m.Error != "":
				suite.Skipped++
				c.Skipped = &junitMessage{Message: m.Error}
			case !m.Correct:
				suite.Failures++
				c.Failure = &junitMessage{Message: fmt.Sprintf("answered %q, right is %q", m.Answer, m.Right), Text: m.Tell()}
			}
			suite.Cases = append(suite.Cases, c)
		}
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
