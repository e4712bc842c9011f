/// Why a host is over, as its near half returns it.
struct HostEnd: Hashable, Sendable, Codable {
  var error: HostError
  /// What shows that nothing runs there any more; nil for a host that has never been up,
  /// and for one that was asked to end, and did not confirm that it does.
  var evidence: HostLoss.Evidence?
}
