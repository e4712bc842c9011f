internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// A child's way up: the control connection, and the streams of the edge, for which the data link
/// to the parent is opened once it is needed.
///
/// Belongs to the loop.
final class ParentLink {
  /// Where the parent's data links end.
  let address: PeerAddress
  /// Where it takes control connections, if it does.
  let controlEndpoint: String
  /// The descriptor that the process has inherited; nil for a node that shares its process.
  let tie: FrameStream?
  let edge: EdgeStreams
  private var control: EdgeConnector?
  /// Called with each control message.
  var onMessage: ((ControlMessage) -> Void)?
  /// Called when the parent has sent what the protocol does not allow.
  var onViolation: ((String) -> Void)?

  /// That the other end is the parent.
  private let proof: Proof
  /// Whether the control connection is the tie, so that what was sent survives this process.
  let isControlInherited: Bool
  private var isProved = false

  /// Connects to the parent that has written the record, or uses the tie to it, if the record asks
  /// for that.
  init(
    _ record: BootstrapRecord, as node: NodeIdentity, _ secret: NodeSecret, tie: FrameStream?,
    context: LinkContext, on loop: EventLoop
  ) throws {
    proof = secret.welcomeProof(attempt: record.attempt, pid: node.pid)
    let hello = Hello(of: secret, attempt: record.attempt, pid: node.pid, build: node.build)
    address = record.parentAddress
    self.tie = tie
    edge = EdgeStreams(on: loop)
    isControlInherited = record.endpoints.isControlInherited
    guard isControlInherited, let tie else {
      controlEndpoint = record.endpoints.control
      control = try EdgeConnector(
        to: record.endpoints.control, hello: hello, in: context, on: loop
      ) { [unowned self] in receive($0) }
      return
    }
    let directory = RunDirectory(path: record.run.directory)
    controlEndpoint = context.endpoint(at: directory.socket(of: record.parent.pid, "c"))
    // Nobody else has the other end.
    isProved = true
    control = EdgeConnector(over: tie, hello: hello) { [unowned self] in receive($0) }
  }

  private func receive(_ frame: UnsafeRawBufferPointer) {
    do throws(WireError) {
      let message = try ControlMessage(frame: Array(frame))
      if isFromParent(message) { onMessage?(message) }
    } catch {
      onViolation?(error.description)
    }
  }

  /// Whether the other end has proved to be the parent; a refusal needs no proof, because it asks
  /// for nothing.
  private func isFromParent(_ message: ControlMessage) -> Bool {
    switch message {
    case .welcome(_, let proof):
      isProved = isProved || proof.matches(self.proof)
      return isProved
    case .refused: return true
    default:
      if !isProved { onViolation?("a message of somebody who has not proved to be the parent") }
      return isProved
    }
  }

  /// Waits until the control connection has its descriptor, a second at most.
  ///
  /// A program that closes descriptors 0 to 2, and goes on to print, must not print into it. The
  /// event would be that of a socket monitor, which costs two descriptors and takes 40 µs longer
  /// than looking (260 against 220 µs, and the same with 40 processes at once).
  func waitForConnection() {
    Unannounced.wait(within: Self.connectionTime) { control?.isConnected != false }
  }

  private static let connectionTime: Duration = .seconds(1)

  private var hasAskedForLink = false

  /// Asks the parent to listen for the data link, which answers that it does; false if it listens
  /// anyway.
  func askForLink() -> Bool {
    guard isControlInherited else { return false }
    if !hasAskedForLink { send(.openLink) }
    hasAskedForLink = true
    return true
  }

  /// Whether all that was sent has left this process, so that the parent gets it whatever happens
  /// here.
  var hasHandedOver: Bool { isControlInherited && tie?.hasHandedOver == true }

  /// Whether the parent reads more slowly than the node reports.
  var isCongested: Bool { isControlInherited && tie?.isCongested == true }

  /// Keeps what is sent until `flush()`, for one write.
  func gather() { control?.gather() }

  func flush() { control?.flush() }

  func send(_ message: ControlMessage) { control?.send(message.frame()) }

  func send(events: [[UInt8]], log: [[UInt8]]) {
    // A frame has a bound; what a turn brought is split so that it keeps it.
    for batch in Self.batches(of: events) { send(.events(batch)) }
    for batch in Self.batches(of: log) { send(.log(batch)) }
  }

  private static func batches(of records: [[UInt8]]) -> [[[UInt8]]] {
    var batches: [[[UInt8]]] = []
    var batch: [[UInt8]] = []
    var size = 0
    for record in records {
      if size + record.count > WireLimits.frameSize / 2, !batch.isEmpty {
        batches.append(batch)
        batch = []
        size = 0
      }
      batch.append(record)
      size += record.count
    }
    return batch.isEmpty ? batches : batches + [batch]
  }

  /// The numbered frames that the parent gets over the data link.
  var framesSent: UInt64 { edge.link.map { $0.isClosed ? 0 : $0.lastSent } ?? 0 }

  func receive() { control?.receive() }

  /// Closes the control connection, for a link that has done its rehearsal.
  func close() { control?.close() }

  var hasFramesToExchange: Bool { control?.mayHaveFrames ?? false }
}
