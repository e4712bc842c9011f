internal import DequeModule
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// One end of the link between the two halves of a host: frames over a pair of byte streams.
///
/// Urgent frames go before bulk ones that wait; within each kind the order is kept. Belongs to the
/// loop.
final class HostCarrier {
  /// How many unsent bytes of bulk there may be before those who bring more have to wait.
  static let capacity = 4 << 20
  private static let bytesPerRead = 256 << 10
  private static let bytesPerWrite = 256 << 10

  /// Nil once the link has been closed.
  private var input: Descriptor?
  private var output: Descriptor?
  private let inputNumber: Int32
  private let outputNumber: Int32
  private let loop: EventLoop
  private var reader: HostFrameReader
  private var urgent: Deque<HostFrame> = []
  private var bulk: Deque<HostFrame> = []
  /// The bytes of the bulk frames that wait.
  private var bulkBytes = 0
  /// Bytes of numbered frames, of which a part has been written.
  private var outgoing: [UInt8] = []
  private var written = 0
  private var lastNumber: UInt64 = 0
  private var isWriting = false
  private(set) var isOver = false

  /// Called with each frame.
  var onFrame: ((HostFrame) -> Void)?
  /// Called once with the reason for which no more frames come.
  var onEnd: ((String) -> Void)?
  /// Called when bulk may be brought again.
  var onRoom: (() -> Void)?

  /// Takes both descriptors over; nothing is read before ``start()``.
  ///
  /// - Parameter marker: The line that the peer's frames begin behind, if there is one.
  init(
    reading input: consuming Descriptor, writing output: consuming Descriptor, on loop: EventLoop,
    after marker: String? = nil
  ) throws(ProcessControlError) {
    try Descriptors.setNonBlocking(input.number)
    try Descriptors.setNonBlocking(output.number)
    inputNumber = input.number
    outputNumber = output.number
    self.input = consume input
    self.output = consume output
    self.loop = loop
    reader = HostFrameReader(after: marker)
  }

  func start() throws(LoopError) {
    try loop.poller.add(inputNumber, for: .read) { [unowned self] _ in read() }
  }

  /// The bytes before the marker.
  var noise: [UInt8] { reader.noise }

  /// Whether there is room for more bulk.
  var hasRoom: Bool { bulkBytes < Self.capacity }

  // MARK: Sending

  /// Writes bytes that are no frame, before any frame.
  func sendPreamble(_ bytes: [UInt8]) {
    outgoing += bytes
    write()
  }

  func send(_ verb: HostVerb, isUrgent: Bool = true) {
    send(HostFrame(.verb, body: verb.packed(), isUrgent: isUrgent))
  }

  func send(_ frame: HostFrame) {
    guard !isOver else { return }
    if frame.isUrgent {
      urgent.append(frame)
    } else {
      bulk.append(frame)
      bulkBytes += frame.body.count
    }
    if !isWriting { write() }
  }

  /// Whether all that was sent has been written.
  var isDrained: Bool { urgent.isEmpty && bulk.isEmpty && written == outgoing.count }

  private func fill() {
    if written == outgoing.count {
      outgoing.removeAll(keepingCapacity: true)
      written = 0
    }
    while outgoing.count - written < Self.bytesPerWrite {
      var next: HostFrame
      if let frame = urgent.popFirst() {
        next = frame
      } else if let frame = bulk.popFirst() {
        bulkBytes -= frame.body.count
        next = frame
      } else {
        return
      }
      // Frames that belong to one connection have no number of the link.
      if next.kind.isNumbered {
        lastNumber += 1
        next.number = lastNumber
      }
      next.append(to: &outgoing)
    }
  }

  private func write() {
    guard !isOver else { return }
    let hadRoom = hasRoom
    do {
      while true {
        fill()
        guard written < outgoing.count else { break }
        let count = try writeOnce()
        guard count > 0 else {
          try watchOutput()
          break
        }
        written += count
      }
    } catch {
      return end("the connection has ended")
    }
    if !hadRoom, hasRoom { onRoom?() }
  }

  private func writeOnce() throws -> Int {
    let (number, start) = (outputNumber, written)
    return try outgoing.withUnsafeBytes { (bytes) throws(ProcessControlError) in
      try Descriptors.writeQuietly(number, UnsafeRawBufferPointer(rebasing: bytes[start...]))
    }
  }

  private func watchOutput() throws(ProcessControlError) {
    guard !isWriting else { return }
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
    let result = withUnsafeTemporaryAllocation(byteCount: Self.bytesPerRead, alignment: 16) {
      space -> Descriptors.ReadResult? in
      let result = try? Descriptors.read(inputNumber, into: space)
      if case .bytes(let count) = result {
        reader.append(UnsafeRawBufferPointer(rebasing: space[..<count]))
      }
      return result
    }
    switch result {
    case .bytes: takeFrames()
    case .wouldBlock: break
    case .end: end("the connection has ended")
    case nil: end("it cannot be read from")
    }
  }

  private func takeFrames() {
    do throws(WireError) {
      while !isOver, let frame = try reader.next() { onFrame?(frame) }
    } catch {
      end(error.description)
    }
  }

  /// Ends the link at this end.
  func close() {
    guard !isOver else { return }
    isOver = true
    loop.poller.remove(inputNumber)
    if isWriting { loop.poller.remove(outputNumber) }
    urgent = []
    bulk = []
    bulkBytes = 0
    input = nil
    output = nil
  }

  private func end(_ reason: String) {
    guard !isOver else { return }
    close()
    onEnd?(reason)
  }

  deinit { close() }
}
