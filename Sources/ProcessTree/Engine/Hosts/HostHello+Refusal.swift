internal import ProcessTreeWire

extension HostHello {
  /// Why a host must not claim this of itself; nil if it may.
  ///
  /// The number of its run is that by which its processes on this machine are found, and reaped: it must
  /// be nobody else's.
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
