internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// One connection between the two halves of a host: frames over a pair of byte streams.
///
/// Reading never waits for writing. Belongs to the loop.
final class HostConnection {
  /// Why no more frames come.
  enum End {
    /// One of the streams has ended.
    case ended
    /// The bytes that come are no frames.
    case broken(WireError)
  }

  private static let bytesPerWrite = 256 << 10
  /// How long what has come is read once nothing can be written any more.
  private static let lastReadTime: Duration = .milliseconds(500)

  /// Nil once the connection has been closed.
  private var input: Descriptor?
  private var output: Descriptor?
  private let inputNumber: Int32
  private let outputNumber: Int32
  private let loop: EventLoop
  private var reader: HostFrameReader
  private var outgoing = WriteQueue()
  private var isWriting = false
  private var canWrite = true
  private(set) var isOver = false

  /// Called with each frame.
  var onFrame: ((HostFrame) -> Void)?
  /// Called after the frames of one look.
  var onLook: (() -> Void)?
  /// Called once when no more frames come.
  var onEnd: ((End) -> Void)?
  /// Hands out the frames that are to be written next, about as many bytes of them as requested.
  var more: ((Int, ([UInt8]) -> Void) -> Void)?
  /// Called after bytes have been taken from there.
  var onTaken: (() -> Void)?

  /// Takes both descriptors over; nothing is read before ``start()``.
  ///
  /// - Parameter marker: The line that the peer's frames begin behind, if there is one.
  init(
    over ends: consuming StreamEnds, on loop: EventLoop, after marker: String? = nil
  ) throws(ProcessControlError) {
    try Descriptors.setNonBlocking(ends.input.number)
    try Descriptors.setNonBlocking(ends.output.number)
    inputNumber = ends.input.number
    outputNumber = ends.output.number
    let input = ends.input
    let output = ends.output
    self.input = consume input
    self.output = consume output
    self.loop = loop
    reader = HostFrameReader(after: marker)
  }

  func start() throws(LoopError) {
    try loop.poller.add(inputNumber, for: .read) { [unowned self] _ in read() }
  }

  /// Whether a part of a frame has come.
  var hasPart: Bool { reader.hasPart }

  /// The bytes before the marker.
  var noise: [UInt8] { reader.noise }

  // MARK: Sending

  /// Writes bytes of this connection alone, such as what comes before any frame.
  func send(_ bytes: [UInt8]) {
    outgoing.append(bytes)
    write()
  }

  func send(_ frame: HostFrame) { send(frame.encoded()) }

  /// Writes what there is, as far as the stream takes it.
  func write() {
    guard !isOver, canWrite, !isWriting else { return }
    do {
      while true {
        more?(Self.bytesPerWrite - outgoing.count) { outgoing.append($0) }
        guard outgoing.count > 0 else { break }
        let count = try outgoing.withNext { try Descriptors.writeQuietly(outputNumber, $0) }
        guard count > 0 else {
          try watchOutput()
          break
        }
        outgoing.remove(count)
      }
    } catch {
      return stopWriting()
    }
    onTaken?()
  }

  /// Nobody reads any more; the peer's last frame may be here already, and is read.
  private func stopWriting() {
    canWrite = false
    outgoing = WriteQueue()
    _ = loop.timers.schedule(after: Self.lastReadTime) { [weak self] in self?.giveUp() }
  }

  /// Whether all that was sent has been written.
  var isDrained: Bool { outgoing.count == 0 }

  private func watchOutput() throws(ProcessControlError) {
    isWriting = true
    do throws(LoopError) {
      try loop.poller.addOnce(outputNumber, for: .write) { [unowned self] in
        isWriting = false
        write()
      }
    } catch {
      isWriting = false
      throw .system("epoll_ctl", error.errno)
    }
  }

  // MARK: Receiving

  private func read() {
    var result: Descriptors.ReadResult?
    reader.fill { space in
      result = try? Descriptors.read(inputNumber, into: space)
      if case .bytes(let count) = result { return count }
      return 0
    }
    switch result {
    case .bytes: takeFrames()
    case .wouldBlock: break
    case .end, nil: end(.ended)
    }
  }

  private func takeFrames() {
    // A handler may close this connection, and let go of it.
    withExtendedLifetime(self) {
      do throws(WireError) {
        while !isOver, let frame = try reader.next() { onFrame?(frame) }
        if !isOver { onLook?() }
      } catch {
        end(.broken(error))
      }
    }
  }

  /// Ends the connection at this end.
  func close() {
    guard !isOver else { return }
    isOver = true
    loop.poller.remove(inputNumber)
    if isWriting { loop.poller.remove(outputNumber) }
    input = nil
    output = nil
    more = nil
  }

  /// Takes the streams for ended.
  func giveUp() { end(.ended) }

  private func end(_ reason: End) {
    guard !isOver else { return }
    close()
    onEnd?(reason)
  }

  deinit { close() }
}
