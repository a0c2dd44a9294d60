package simulate

import (
	"bytes"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
)

var oneCore = resource.NewQuantity(1, resource.DecimalSI)

// encode writes an object as the store has it.
func encode(o runtime.Object) []byte {
	var b bytes.Buffer
	if err := decoder.Encode(o, &b); err != nil {
		panic(err)
	}
	return b.Bytes()
}
