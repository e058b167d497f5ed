package main

const usage = `casemate compiles confinement policies at image build.

  casemate compile [-o OUT] [--sign KEY] [--passwd FILE] [--group FILE] POLICY.toml
        Compile and seal a policy. OUT is NAME.sealed for NAME.toml, in the current
        directory. --sign signs it with a key made by keygen. Names of users and
        groups are looked up in /etc/passwd and /etc/group, or in the files named.
  casemate check [-v] [--passwd FILE] [--group FILE] POLICY.toml
        Compile and write nothing. -v says of each filter that it is proved, and its size.
  casemate show [--json | --bpf amd64|arm64 | --apparmor | --selinux] FILE.sealed
        Print what a sealed policy holds; --bpf writes one filter as it is given to
        the kernel.
  casemate plan [--facts FILE.json] FILE.sealed
        Print the launch step by step, for this host or for the one whose facts
        "casemate-shim probe" recorded.
  casemate diff [--format text|json|sarif] [--passwd FILE] [--group FILE]
        OLD NEW
        Tell whether NEW confines less than OLD, and where: texts or sealed policies.
        Exit 1 when it does, or may.
  casemate explain [--arch ARCH] [--text FILE.toml] [--passwd FILE] [--group FILE] FILE
        syscall NAME [ARGUMENT=VALUE]... | cap NAME | path PATH | NUMBER | RECORD | -
        Tell what a policy, text or sealed, does with it and which line says so: a call,
        a capability, a path inside, a number of a call, a seccomp record of the audit
        log, or those on standard input. --text names the text of a sealed policy.
        Exit 1 when it is denied, whatever the arguments that are not stated.
  casemate explain --flatten FILE
        Print the effective policy: bases merged in, defaults written out.
  casemate run [--shim FILE] [--passwd FILE] [--group FILE] POLICY.toml [-- ARGUMENTS]
        Compile, and launch at once under casemate-shim, as root; for trying a policy
        at a terminal. The exit status is the shim's.
  casemate import [--oci-seccomp | --oci-config | --minijail | --systemd] [-o OUT.toml]
        [--service NAME] [--why "TEXT"] [--arch ARCH] [--cap NAME]... [--kernel X.Y]
        [--invert] [--conf FILE] FILE... [-- PROGRAM ARGUMENTS]
        Turn a seccomp profile or config.json of an OCI runtime, a minijail policy and
        its configuration file, or a systemd unit and its drop-ins into a policy. What
        has no counterpart stands in it as a comment; dangerous grants do too, unless
        --why gives the reason for all of them. docs/import.md has the details.
  casemate audit [--format text|json|sarif] [--fail-on low|medium|high|critical]
                 [--level baseline|restricted|immutable-host] [--baseline FILE.json]
                 [--text FILE.toml] [--trusted-keys FILE] [--today YYYY-MM-DD]
                 [--allow-critical-waivers] [--passwd FILE] [--group FILE] POLICY…
        Say what policies, texts or sealed ones, leave open: why that matters, the line,
        a system call that shows it, and what to write instead. --baseline counts only
        what an earlier report in JSON does not have; --text names the text of a sealed
        policy. "casemate audit --rules" lists the rules.
  casemate schema
        Print the JSON Schema of the policy language, for editors.
  casemate keygen [-o NAME]
        Make an Ed25519 key: NAME.key signs, NAME.pub is a line for the shim's
        trusted keys. NAME is "casemate" unless stated.
  casemate version
  casemate help

Exit codes: 0 done; 1 the new policy is weaker (diff), there are findings at or above
--fail-on (audit), or it is denied (explain); 2 bad input, of the command line, a file or a
policy; 3 a filter that is not what the policy declares; when it was compiled, nothing is
written.

For example, a first policy and what becomes of it:

  $ cat hello.toml
  policy  = 1
  service = "hello"
  extends = ["base/minimal"]

  [exec]
  argv = ["/usr/bin/echo", "hello"]

  [root.symlinks]
  "/lib"   = "usr/lib"
  "/lib64" = "usr/lib64"

  [mounts]
  bind = [{ from = "/usr", exec = true }]

  $ casemate compile hello.toml
  $ casemate show hello.sealed
  $ casemate-shim run hello.sealed
`
