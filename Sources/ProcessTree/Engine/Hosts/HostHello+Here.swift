internal import Glibc
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

extension HostHello {
  /// Describes this machine, this program, and the run that a far half has here.
  init(of run: HostRun, in directory: RunDirectory) {
    var name = utsname()
    uname(&name)
    let machine = withUnsafeBytes(of: &name.machine) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    self.init(
      build: HostProcess.contentIdentity(), machine: machine,
      processors: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))),
      pid: run.node.pid, hostRun: run.identity.runID, directory: directory.path,
      socket: directory.socket(of: run.node.pid, "a"), system: .here)
  }
}
