package world

import (
	"testing"
	"time"

	"minisim/sim/engine"
)

func TestLookupKnowsPublicImages(t *testing.T) {
	r := newRegistry()
	for _, c := range []struct {
		image, name string
		min, max    int64
		start       time.Duration
	}{
		{"redis:3.2-alpine", "docker.io/library/redis:3.2-alpine", 9 * megabyte, 10 * megabyte, 200 * time.Millisecond},
		{"docker.io/library/redis:3.2-alpine", "docker.io/library/redis:3.2-alpine", 9 * megabyte, 10 * megabyte, 200 * time.Millisecond},
		{"nginx", "docker.io/library/nginx:latest", 50 * megabyte, 80 * megabyte, 200 * time.Millisecond},
		{"postgres:16", "docker.io/library/postgres:16", 100 * megabyte, 200 * megabyte, 2 * time.Second},
		{"somebody/something:1.0", "docker.io/somebody/something:1.0", 30 * megabyte, 300 * megabyte, 0},
		{"quay.io/a/b", "quay.io/a/b:latest", 30 * megabyte, 300 * megabyte, 0},
	} {
		i := r.Lookup(c.image)
		if i.Missing || i.Name != c.name || i.Bytes < c.min || i.Bytes > c.max || i.Program.Start != c.start {
			t.Errorf("%s: %+v", c.image, i)
		}
		if again := r.Lookup(c.name); again != i {
			t.Errorf("%s: looked up by its full name it is another image: %+v", c.image, again)
		}
	}
}

func TestDigestOfTheNameIsKept(t *testing.T) {
	const d = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	if i := newRegistry().Lookup("nginx@" + d); i.Digest != d || i.Name != "docker.io/library/nginx@"+d || i.Bytes != 72*megabyte {
		t.Errorf("%+v", i)
	}
}

func TestWhatDoesNotExist(t *testing.T) {
	r := newRegistry()
	r.Set(Image{Name: "shop-web", Missing: true})
	r.Private("registry.example.com/shop")
	r.Set(Image{Name: "registry.example.com/shop/built"})
	for image, missing := range map[string]bool{
		"shop-web": true, "docker.io/library/shop-web:latest": true, "shop-web:2": false,
		"registry.example.com/shop/web:1": true, "registry.example.com/shop/built": false, "registry.example.com/other": false,
		"localhost:5000/web": true, "Not A Name": true,
	} {
		if got := r.Lookup(image).Missing; got != missing {
			t.Errorf("%s: missing %v", image, got)
		}
	}
}

func TestSetImageGetsASizeAndItsOwnProgram(t *testing.T) {
	r := newRegistry()
	r.Set(Image{Name: "redis", Program: Program{Start: time.Minute}})
	if i := r.Lookup("redis:latest"); i.Program.Start != time.Minute || i.Bytes != 45*megabyte {
		t.Errorf("%+v", i)
	}
	r.SetProgram("mysql:8", Program{Exits: true, ExitCode: 1})
	if i := r.Lookup("mysql:8"); !i.Program.Exits || i.Missing {
		t.Errorf("%+v", i)
	}
	if !r.Lookup("busybox").Program.Shell() || r.Lookup("nginx").Program.Shell() {
		t.Error("busybox is a shell, nginx is none")
	}
}

func TestAppsMayUseAnImageInDifferentWays(t *testing.T) {
	r := newRegistry()
	r.SetProgramFor("worker", "shop:1", Program{Exits: true, After: time.Second})
	if p := r.LookupFor("worker", "docker.io/library/shop:1").Program; !p.Exits || p.After != time.Second {
		t.Errorf("the worker's program is %+v", p)
	}
	for _, other := range []Image{r.LookupFor("web", "shop:1"), r.LookupFor("worker", "shop:2"), r.Lookup("shop:1")} {
		if other.Program.Exits {
			t.Errorf("%s ends as the worker does", other.Name)
		}
	}
}

func TestDiskRefusesASecondMachineAndKeepsItsData(t *testing.T) {
	e := engine.New(engine.Config{})
	d := New(e).Disks
	d.Create("disk-1", 1<<30, false)
	if err := d.Attach("disk-1", "a"); err != nil {
		t.Fatal(err)
	}
	if err := d.Attach("disk-1", "b"); err == nil {
		t.Error("attached to two machines")
	}
	if _, err := d.Mount("disk-1", "b", "default/p"); err == nil {
		t.Error("mounted where it is not attached")
	}
	if before, err := d.Mount("disk-1", "a", "default/p"); err != nil || before != nil {
		t.Errorf("a new disk has data: %+v, %v", before, err)
	}
	e.RunTo(5 * time.Second)
	d.Detach("disk-1", "a")
	if err := d.Attach("disk-1", "b"); err != nil {
		t.Fatal(err)
	}
	before, err := d.Mount("disk-1", "b", "default/q")
	if err != nil || before == nil || *before != (Write{Pod: "default/p", Machine: "a"}) {
		t.Errorf("found %+v, %v", before, err)
	}
	if err := d.Delete("disk-1"); err == nil {
		t.Error("an attached disk was deleted")
	}
}
