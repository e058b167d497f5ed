package main

import "syscall"

// search finds a command as execvp(3) does: what has a slash is a path; anything else
// is looked for in PATH, where an empty element is the current directory. If it is
// nowhere, the first file that may not be executed is given, or else the name: execve
// will say what is wrong.
func search(name string, env []string) string {
	refused := ""
	path := pathOf(env)
	for !contains(name, '/') && path != "" {
		var dir string
		dir, path = cut(path, ':')
		if dir == "" {
			dir = "."
		}
		file := dir + "/" + name
		var st syscall.Stat_t
		if syscall.Stat(file, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG {
			continue
		}
		if syscall.Access(file, 1) == nil { // X_OK
			return file
		}
		if refused == "" {
			refused = file
		}
	}
	if refused != "" {
		return refused
	}
	return name
}

// pathOf is PATH, or what execvp(3) takes in its place.
func pathOf(env []string) string {
	if path, set := variable(env, "PATH"); set {
		return path
	}
	return "/bin:/usr/bin"
}
