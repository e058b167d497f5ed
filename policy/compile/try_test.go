package compile
import ("testing";"os")
func TestTry(t *testing.T){ for _,n:=range []string{"nginx","redis","batch","python"} { p,err:=Compile("../../examples/"+n+".toml",Options{}); if err!=nil {t.Error(err);continue}; for _,f:=range p.Filters {t.Log(n,f.Arch,len(f.Program)/8); if f.Arch==0xc000003e {os.WriteFile("/tmp/st/"+n+".bpf",f.Program,0o644)}} } }
