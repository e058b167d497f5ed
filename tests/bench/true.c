//go:build ignore

// true: the least workload. What a launch of it costs is the launch.
int main(void) { return 0; }
