// Package hook is what puts internal/inherit at the start of a program that links it.
//
// It imports internal/inherit, and is for init.
package hook

import _ "casemate/internal/inherit"
