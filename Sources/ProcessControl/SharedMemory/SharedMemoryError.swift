/// The reason why memory cannot be shared with a peer; its user continues without.
package enum SharedMemoryError: Error, Hashable, Sendable, CustomStringConvertible {
  case systemCall(String, errno: Int32)
  /// The size, in bytes, is not positive or is above the limit.
  case invalidSize(Int)
  case notThePeer(pid: Int32)
  /// The peer has ended, and its descriptors with it.
  case peerEnded
  /// The descriptor leads to something other than the region.
  case notTheRegion
  /// The region's size could still change, which could kill a reader.
  case notSealed
  /// The region's size differs from the peer's message.
  case wrongSize(Int)

  package var description: String {
    switch self {
    case .systemCall(let call, let errno):
      ProcessControlError.system(call, errno, "work goes on without shared memory").description
    case .invalidSize(let size): "a region of \(size) bytes can neither be made nor mapped"
    case .notThePeer(let pid): "the process \(pid) is not the peer"
    case .peerEnded: "the peer has ended"
    case .notTheRegion: "the descriptor does not lead to the region"
    case .notSealed: "the region's size may still change"
    case .wrongSize(let size): "the region has \(size) bytes, unlike its identity"
    }
  }
}
