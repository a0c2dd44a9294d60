package framework

import "k8s.io/apimachinery/pkg/api/resource"

func newMilli(n int64) *resource.Quantity { return resource.NewMilliQuantity(n, resource.DecimalSI) }

func newBytes(n int64) *resource.Quantity { return resource.NewQuantity(n, resource.BinarySI) }
