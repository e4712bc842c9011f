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

extension HostHello {
  /// Why a host must not claim this of itself; nil if it may.
  ///
  /// The number of its run is that by which its processes on this machine are found, and reaped: it
  /// must be nobody else's.
  ///
  /// - Parameters:
  ///   - run: The run that has opened the host.
  ///   - others: The runs of other hosts that are open.
  func refusal(in run: UInt32, besides others: [UInt32]) -> String? {
    guard hostRun != run else { return "it names the run that has opened it as its own" }
    guard !others.contains(hostRun) else { return "it names the run of another host as its own" }
    return nil
  }
}
