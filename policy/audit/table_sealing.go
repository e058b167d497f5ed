package audit

// sealingRules are about the sealed file and about the audit itself.
var sealingRules = []*Rule{
	{ID: "SEAL-001", Severity: Critical, Level: Baseline, check: unsigned,
		Title:      "the sealed policy has no signature that is trusted",
		Why:        "Outside a verity root whoever writes the file decides the confinement. Critical where --trusted-keys demands a signature; low without, since the place of a file cannot be seen from here.",
		Fix:        "Compile with --sign and configure the shim's trusted keys, or keep it in the verity root.",
		References: []string{"casemate-shim(8)"}},
	{ID: "SEAL-002", Severity: High, Level: Baseline, text: true, check: otherInputs,
		Title:      "the sealed policy is not what its text compiles to",
		Why:        "A base, group or table has changed since, or other hands made the file. An old libseccomp is no finding by itself: each filter is proved against its rules when it is compiled, and again here beside its text.",
		Fix:        "Compile it again.",
		References: []string{"GHSA-4q85-33p6-j5g6"}},
	{ID: "SEAL-003", Severity: Medium, Level: Baseline, text: true, check: missingArch,
		Title: "an architecture of the policy has no filter",
		Why:   "The shim refuses the policy on such a machine, at boot.",
		Fix:   "Compile it again."},
	{ID: "WV-001", Severity: High, Level: Baseline, text: true, check: badWaivers,
		Title: "a waiver is expired, has no reason, names no rule, or matches nothing",
		Why:   "What was accepted for a time stays for good, or the next finding of the kind is accepted unseen.",
		Fix:   "Remove the waiver, or decide again."},
	{ID: "LRN-001", Severity: Medium,
		Title:  "a grant was learned and not reviewed",
		Why:    "What a run happened to call is not what it should be able to call.",
		Fix:    "Review it.",
		Cannot: "there is no learning in this version, and no mark for what was learned"},
}
