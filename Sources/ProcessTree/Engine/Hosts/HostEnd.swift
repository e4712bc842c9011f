/// Why a host is over, as its near half returns it.
struct HostEnd: Hashable, Sendable, Codable {
  var error: HostError
  /// What shows that nothing runs there any more; nil for a host that has never been up.
  var evidence: HostLoss.Evidence?
}
