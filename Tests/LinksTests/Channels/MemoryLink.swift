import ProcessTreeLinks
import ProcessTreeRandomTesting
import ProcessTreeWire

/// The two ends of a data link, joined in memory; frames arrive in order, some steps later.
final class MemoryLink {
  let left: PeerLink
  let right: PeerLink
  private let toRight = Box<[[UInt8]]>([])
  private let toLeft = Box<[[UInt8]]>([])
  /// The complaints of an end about the other's frames; none between two that are honest.
  private(set) var errors: [String] = []

  /// - Parameters:
  ///   - left: The node whose end `left` is.
  init(_ left: PeerAddress, _ right: PeerAddress) {
    self.left = PeerLink(to: right)
    self.right = PeerLink(to: left)
    let (toRight, toLeft) = (toRight, toLeft)
    self.left.attach(peerReceived: 0) { toRight.value.append($0) }
    self.right.attach(peerReceived: 0) { toLeft.value.append($0) }
  }

  var isIdle: Bool { toRight.value.isEmpty && toLeft.value.isEmpty }

  /// The bytes that are on their way to the left.
  var bytesToLeft: Int { toLeft.value.reduce(0) { $0 + $1.count } }

  /// Delivers at most so many frames to each end.
  func deliver(toRight right: Int = .max, toLeft left: Int = .max) {
    hand(right, of: toRight, to: self.right)
    hand(left, of: toLeft, to: self.left)
  }

  /// The node on the right dies: some of what it sent still arrives.
  func dieOnTheRight(_ lastWords: Int) {
    right.close()
    hand(lastWords, of: toLeft, to: left)
    toLeft.value = []
    toRight.value = []
  }

  private func hand(_ count: Int, of frames: Box<[[UInt8]]>, to link: PeerLink) {
    for _ in 0..<min(count, frames.value.count) {
      guard !frames.value.isEmpty else { return }
      let frame = frames.value.removeFirst()
      do {
        try frame.withUnsafeBytes { try link.receive($0) }
      } catch {
        errors.append("\(error)")
      }
    }
  }
}
