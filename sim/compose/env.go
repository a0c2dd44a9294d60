package compose

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// secretName tells from a variable's name that its value is not for everybody's eyes.
var secretName = regexp.MustCompile(`(?i)(passw|secret|token|api_?key|private_?key|credential)`)

// environment maps the variables, in file order; a variable without a value comes from the shell.
func (s *service) environment(spec *types.ContainerSpec, path []string) []corev1.EnvVar {
	at := append([]string{"services", s.Name}, below(path, "environment")...)
	var env []corev1.EnvVar
	for _, name := range s.t.inFileOrder(slices.Collect(maps.Keys(spec.Environment)), at...) {
		value := spec.Environment[name]
		place := below(path, "environment", name)
		switch {
		case value == nil:
			found, ok := s.t.env[name]
			if !ok {
				s.note(Changed, name+" is passed on from the shell", "the shell does not have it, so the container does not either", "set it, or give it a value here", place...)
				continue
			}
			value = &found
		case secretName.MatchString(name) && !strings.HasSuffix(name, "_FILE") && *value != "":
			s.note(Changed, name+" stands in the file as plain text", "it stands in the "+string(s.kind)+" as plain text, for everyone who may read it", "put it in a Secret", place...)
		}
		if len(validation.IsRelaxedEnvVarName(name)) > 0 {
			s.note(Lost, "sets "+name, "this is no name that Kubernetes takes", "", place...)
			continue
		}
		env = append(env, corev1.EnvVar{Name: name, Value: escapeExpansion(strings.ReplaceAll(*value, "\x00", ""))})
	}
	return env
}

// envFiles makes a ConfigMap of each env_file. A later file is stronger than an earlier one, as in compose.
func (s *service) envFiles(spec *types.ContainerSpec, path []string) []corev1.EnvFromSource {
	var from []corev1.EnvFromSource
	for i, file := range spec.EnvFiles {
		place := below(path, "env_file", index(i))
		values, ok := s.readEnvFile(file, spec, place)
		if !ok {
			continue
		}
		data := map[string]string{}
		for key, value := range sorted(values) {
			if len(validation.IsConfigMapKey(key)) > 0 {
				s.note(Lost, file.Path+" sets "+key, "this is no key that a ConfigMap takes", "", place...)
				continue
			}
			data[key] = value
		}
		name := s.t.free("ConfigMap", s.kube+"-env", append([]string{"services", s.Name}, place...)...)
		if !s.fits(len(fmt.Sprint(data)), file.Path, place) {
			continue
		}
		s.t.objects.files = append(s.t.objects.files, s.object(&corev1.ConfigMap{
			TypeMeta: typeMeta("v1", "ConfigMap"), ObjectMeta: s.meta(name), Data: data,
		}, "reads the environment file "+file.Path, place...))
		from = append(from, corev1.EnvFromSource{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}}})
	}
	return from
}

func (s *service) readEnvFile(file types.EnvFile, spec *types.ContainerSpec, place []string) (map[string]string, bool) {
	data, err := s.t.readFile(file.Path)
	if err != nil && !bool(file.Required) && errors.Is(err, fs.ErrNotExist) {
		s.note(Changed, "reads "+file.Path+" when it is there", "it is not there", "", place...)
		return nil, false
	}
	if err != nil {
		s.t.faults.Add(s.at(place...), "", "cannot read the environment file %q: %s", file.Path, whyNot(err))
		return nil, false
	}
	if file.Format == "raw" {
		return rawEnv(data), true
	}
	values, err := dotenv.ParseWithLookup(bytes.NewReader(data), func(key string) (string, bool) {
		if value, ok := s.t.env[key]; ok {
			return value, true
		}
		if value := spec.Environment[key]; value != nil {
			return *value, true
		}
		return "", false
	})
	if err != nil {
		s.t.faults.Add(s.at(place...), "", "broken environment file %q: %s", file.Path, oneLine(err))
		return nil, false
	}
	return values, true
}

// rawEnv reads lines of KEY=VALUE without quotes or variables.
func rawEnv(data []byte) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		if key, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			values[key] = value
		}
	}
	return values
}

// readLabelFiles adds the labels that stand in files; those that stand in the compose file are stronger.
func (s *service) readLabelFiles() {
	labels := types.Labels{}
	for i, path := range s.LabelFiles {
		data, err := s.t.readFile(path)
		if err != nil {
			s.t.faults.Add(s.at("label_file", index(i)), "", "cannot read the label file %q: %s", path, whyNot(err))
			continue
		}
		values, err := dotenv.ParseWithLookup(bytes.NewReader(data), func(string) (string, bool) { return "", false })
		if err != nil {
			s.t.faults.Add(s.at("label_file", index(i)), "", "broken label file %q: %s", path, oneLine(err))
			continue
		}
		maps.Copy(labels, values)
	}
	maps.Copy(labels, s.Labels)
	s.Labels = labels
}

var errNoFolder = errors.New("the compose file has no project folder")

// maxRead bounds what is read of one file; more than a ConfigMap or Secret can hold is of no use.
const maxRead = 1 << 20

var errTooLarge = errors.New("larger than 1 MiB, which is all that an object can hold")

// readFile reads a file of the project.
func (t *translation) readFile(path string) ([]byte, error) {
	full, err := t.path(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(full)
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() && info.Size() > maxRead {
		return nil, errTooLarge
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	return os.ReadFile(full)
}

// path is where a path of the compose file is on this machine.
func (t *translation) path(path string) (string, error) {
	if t.opts.Dir == "" {
		return "", errNoFolder
	}
	if filepath.IsAbs(path) {
		return path, nil
	}
	return filepath.Join(t.opts.Dir, path), nil
}

func (t *translation) isDir(path string) bool {
	full, err := t.path(path)
	if err != nil {
		return false
	}
	info, err := os.Stat(full)
	return err == nil && info.IsDir()
}

// whyNot is the reason for which a file could not be read, without its path.
func whyNot(err error) string {
	var withPath *fs.PathError
	if errors.As(err, &withPath) {
		return withPath.Err.Error()
	}
	return err.Error()
}
