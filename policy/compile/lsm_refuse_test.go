package compile

import (
	"strings"
	"testing"
)

const contextHint = "hint: user:role:type:level, such as system_u:system_r:nginx_t:s0:c1,c2"

func TestRefusedLsm(t *testing.T) {
	refuseAll(t, map[string][2]string{
		"no profile": {
			`lsm.apparmor = { require = true }`,
			`p.toml:5:5: no profile is named: "lsm.apparmor"; hint: write: generate = true, or profile = "NAME"`,
		},
		"stacked profiles": {
			`lsm.apparmor.profile = "a//&b"`,
			`p.toml:5:24: a stack of profiles: "a//&b"; hint: name one profile`,
		},
		"unconfined": {
			`lsm.apparmor.profile = "unconfined"`,
			`p.toml:5:24: unconfined is no profile: "unconfined"; hint: leave lsm.apparmor out`,
		},
		"profile with a space at the end": {
			`lsm.apparmor.profile = "a "`,
			`p.toml:5:24: the name begins or ends in white space, which the kernel would cut off: "a "`,
		},
		"profile with a line end": {
			`lsm.apparmor.profile = "a\nb"`,
			`p.toml:5:24: the string holds a character that is not allowed: U+000A: "a\nb"`,
		},
		"profile with a NUL": {
			`lsm.apparmor.profile = "a\u0000b"`,
			`p.toml:5:24: the string holds a character that is not allowed: U+0000: "a\x00b"`,
		},
		"profile of 4 KiB": {
			`lsm.apparmor.profile = "` + strings.Repeat("a", 4096) + `"`,
			`p.toml:5:24: the name of a profile has at most 255 bytes: "` + strings.Repeat("a", 32) + `…"`,
		},
		"profile of another namespace": {
			`lsm.apparmor.profile = ":host:web"`,
			`p.toml:5:24: the profile of another namespace: ":host:web"; hint: name one of the shim's own`,
		},
		"profile of another namespace, short": {
			`lsm.apparmor.profile = "host://web"`,
			`p.toml:5:24: the profile of another namespace: "host://web"; hint: name one of the shim's own`,
		},
		"unconfined child": {
			`lsm.apparmor.profile = "web//unconfined"`,
			`p.toml:5:24: unconfined is no profile: "web//unconfined"; hint: leave lsm.apparmor out`,
		},
		"the shim's profile": {
			`lsm.apparmor.profile = "casemate-shim"`,
			`p.toml:5:24: the shim's own profile, which confines no service: "casemate-shim"; hint: give the service a profile of its own, or have one generated`,
		},
		"two profiles": {
			`lsm.apparmor = { profile = "a", generate = true }`,
			`p.toml:5:28: two profiles: "a"; hint: name a profile that the image loads, or have one generated`,
		},
		"no context": {
			`lsm.selinux = { require = true }`,
			`p.toml:5:5: no context is named: "lsm.selinux"; hint: write: label = "user:role:type:level", type = "TYPE", or generate = true`,
		},
		"context without a level": {
			`lsm.selinux.label = "system_u:system_r:x_t"`,
			`p.toml:5:21: the context has no level: "system_u:system_r:x_t"; hint: user:role:type:level, such as system_u:system_r:nginx_t:s0:c1,c2`,
		},
		"context of two parts": {
			`lsm.selinux.label = "system_u:x_t"`,
			`p.toml:5:21: not an SELinux context: "system_u:x_t"; hint: user:role:type:level, such as system_u:system_r:nginx_t:s0:c1,c2`,
		},
		"context with a bad type": {
			`lsm.selinux.label = "system_u:system_r:x t:s0"`,
			`p.toml:5:21: the type of the context is wrong: "system_u:system_r:x t:s0"; hint: user:role:type:level, such as system_u:system_r:nginx_t:s0:c1,c2`,
		},
		"context with a bad level": {
			`lsm.selinux.label = "system_u:system_r:x_t:secret"`,
			`p.toml:5:21: the level of the context is wrong: "secret" is not s0 to s1023: "system_u:system_r:x_t:secret"; hint: user:role:type:level, such as system_u:system_r:nginx_t:s0:c1,c2`,
		},
		"label and type": {
			`lsm.selinux = { label = "u:r:t:s0", type = "t" }`,
			`p.toml:5:25: two contexts: "u:r:t:s0"; hint: state the whole label, or type and level, or generate`,
		},
		"line end in a label": {
			`lsm.selinux.label = "u:r:x_t:s0\n"`,
			`p.toml:5:21: the string holds a character that is not allowed: U+000A: "u:r:x_t:s0\n"`,
		},
		"NUL in a type": {
			`lsm.selinux.type = "x_t\u0000"`,
			`p.toml:5:20: the string holds a character that is not allowed: U+0000: "x_t\x00"`,
		},
		"4 KiB": {
			`lsm.selinux.label = "u:r:` + strings.Repeat("x", 4096) + `:s0"`,
			`p.toml:5:21: the string has 4103 bytes, over the limit of 4096: "u:r:` + strings.Repeat("x", 28) + `…"`,
		},
		"a long type": {
			`lsm.selinux.type = "` + strings.Repeat("x", 129) + `"`,
			`p.toml:5:20: the type of the context is wrong: "system_u:system_r:` + strings.Repeat("x", 46) + `…"; ` + contextHint,
		},
		"categories out of order": {
			`lsm.selinux = { type = "x_t", level = "s0:c2,c1" }`,
			`p.toml:5:39: the level of the context is wrong: the category c1 is out of order: "system_u:system_r:x_t:s0:c2,c1"; ` + contextHint,
		},
		"a category too high": {
			`lsm.selinux = { type = "x_t", level = "s0:c1024" }`,
			`p.toml:5:39: the level of the context is wrong: "c1024" is not c0 to c1023: "system_u:system_r:x_t:s0:c1024"; ` + contextHint,
		},
		"a range upside down": {
			`lsm.selinux.label = "u:r:x_t:s1-s0"`,
			`p.toml:5:21: the level of the context is wrong: the level s0 does not hold s1: "u:r:x_t:s1-s0"; ` + contextHint,
		},
		"a level that the kernel writes otherwise": {
			`lsm.selinux = { type = "x_t", level = "s0:c1.c2" }`,
			`p.toml:5:39: the level is not written as the kernel writes it: "system_u:system_r:x_t:s0:c1.c2"; hint: write: s0:c1,c2`,
		},
		"a label with an automatic level": {
			`lsm.selinux.label = "u:r:x_t:auto"`,
			`p.toml:5:21: the level of the context is wrong: "auto" is not s0 to s1023: "u:r:x_t:auto"; ` + contextHint,
		},
		"bad type of files": {
			`lsm.selinux = { type = "x_t", file_type = "a b" }`,
			`p.toml:5:43: the type of files is wrong: "a b"; hint: a name such as web_file_t`,
		},
		"generated, and a type": {
			`lsm.selinux = { type = "x_t", generate = true }`,
			`p.toml:5:42: two types: "lsm.selinux.generate"; hint: the generated module names the types`,
		},
		"generated, and a label": {
			`lsm.selinux = { label = "u:r:x_t:s0", generate = true }`,
			`p.toml:5:25: two contexts: "u:r:x_t:s0"; hint: state the whole label, or type and level, or generate`,
		},
		"bad type": {
			`lsm.selinux.type = "x:y"`,
			`p.toml:5:20: the level of the context is wrong: "y" is not s0 to s1023: "system_u:system_r:x:y:s0"; hint: user:role:type:level, such as system_u:system_r:nginx_t:s0:c1,c2`,
		},
	})
}
