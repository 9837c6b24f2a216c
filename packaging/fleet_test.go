package packaging

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// manifest is of Kubernetes' what the worker's files use of it; a key that is not here is a slip.
type manifest struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	StringData map[string]string `yaml:"stringData"`
	Spec       struct {
		ClusterIP           string    `yaml:"clusterIP"`
		Selector            yaml.Node // of a service another than of pods
		ServiceName         string    `yaml:"serviceName"`
		Replicas            int
		PodManagementPolicy string `yaml:"podManagementPolicy"`
		Template            struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				ShareProcessNamespace         bool `yaml:"shareProcessNamespace"`
				TerminationGracePeriodSeconds int  `yaml:"terminationGracePeriodSeconds"`
				Containers                    []struct {
					Name, Image string
					Args        []string
					Env         []struct {
						Name, Value string
						ValueFrom   struct {
							FieldRef struct {
								FieldPath string `yaml:"fieldPath"`
							} `yaml:"fieldRef"`
							SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
						} `yaml:"valueFrom"`
					}
					Mounts          []map[string]string       `yaml:"volumeMounts"`
					SecurityContext struct{ Privileged bool } `yaml:"securityContext"`
					Resources       struct{ Requests, Limits map[string]string }
				}
				Volumes []struct {
					Name     string
					EmptyDir map[string]string `yaml:"emptyDir"`
				}
			}
		}
		ScaleTargetRef  struct{ Kind, Name string } `yaml:"scaleTargetRef"`
		MinReplicaCount int                         `yaml:"minReplicaCount"`
		MaxReplicaCount int                         `yaml:"maxReplicaCount"`
		CooldownPeriod  int                         `yaml:"cooldownPeriod"`
		Triggers        []struct {
			Type     string
			Metadata map[string]string
		}
	}
}

// TestKubernetes: the manifests have the keys that Kubernetes and KEDA know, and fit each other.
func TestKubernetes(t *testing.T) {
	text, err := os.ReadFile("fleet/kubernetes.yaml")
	require.NoError(t, err)
	all := map[string]manifest{}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	for {
		var m manifest
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		all[m.APIVersion+" "+m.Kind] = m
	}
	require.Len(t, all, 4)
	secret, service := all["v1 Secret"], all["v1 Service"]
	set, scaled := all["apps/v1 StatefulSet"], all["keda.sh/v1alpha1 ScaledObject"]
	pod := set.Spec.Template
	assert.Equal(t, service.Metadata.Name, set.Spec.ServiceName)
	var matches struct {
		MatchLabels map[string]string `yaml:"matchLabels"`
	}
	require.NoError(t, set.Spec.Selector.Decode(&matches))
	assert.Equal(t, pod.Metadata.Labels, matches.MatchLabels)
	var selects map[string]string
	require.NoError(t, service.Spec.Selector.Decode(&selects))
	assert.Equal(t, pod.Metadata.Labels, selects)
	assert.Equal(t, set.Kind+" "+set.Metadata.Name, scaled.Spec.ScaleTargetRef.Kind+" "+scaled.Spec.ScaleTargetRef.Name)

	volumes := map[string]bool{}
	for _, v := range pod.Spec.Volumes {
		volumes[v.Name] = true
	}
	require.Len(t, pod.Spec.Containers, 2)
	for _, c := range pod.Spec.Containers {
		for _, m := range c.Mounts {
			assert.True(t, volumes[m["name"]], m["name"])
		}
	}
	worker := pod.Spec.Containers[0]
	assert.Equal(t, "worker", worker.Args[0])
	names := []string{}
	for _, e := range worker.Env {
		names = append(names, e.Name)
		if from := e.ValueFrom.SecretKeyRef; from.Name != "" {
			assert.Equal(t, secret.Metadata.Name, from.Name)
			assert.Contains(t, secret.StringData, from.Key)
		}
		if e.Name == "TASKGRADER_TOKEN" {
			for _, used := range regexp.MustCompile(`\$\((\w+)\)`).FindAllStringSubmatch(e.Value, -1) {
				assert.Contains(t, names, used[1], "a variable is put in that was defined before")
			}
		}
	}
	assert.Equal(t, []string{"POD", "PASSWORD", "TASKGRADER_TOKEN", "DOCKER_HOST"}, names)

	require.Len(t, scaled.Spec.Triggers, 1)
	trigger := scaled.Spec.Triggers[0]
	assert.Equal(t, "nats-jetstream", trigger.Type)
	for _, key := range []string{"natsServerMonitoringEndpoint", "account", "stream", "consumer", "lagThreshold"} {
		assert.NotEmpty(t, trigger.Metadata[key], key)
	}
	conf, err := os.ReadFile("fleet/nats.conf")
	require.NoError(t, err)
	assert.Contains(t, string(conf), trigger.Metadata["account"]+" {")
	assert.Contains(t, string(conf), "user: "+set.Metadata.Name+"-0")
}
