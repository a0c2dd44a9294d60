// Command minisim-kubectl is kubectl, by its own library, for machines that have
// none: minisim kubectl starts it. It is a program and a module of its own, so
// that minisim itself stays light. Nothing of minisim lives here.
package main

import (
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err) // prints it, and exits
	}
}
