internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// A process that joins its standard input and output to a far half that runs, or reports what has
/// become of it.
///
/// It starts no thread, and has nothing of a tree.
enum AttachProcess {
  /// How long a far half that has been ordered to end may take for it: its lease ends it.
  private static let pause: Duration = .milliseconds(20)

  static func run() throws -> Never {
    signal(SIGPIPE, SIG_IGN)
    try Descriptors.ensureStandardDescriptors()
    let streams = try HostStreams.take()
    let record: AttachRecord = try streams.readRecord()
    let ends = try streams.takeBoth()
    let (input, output) = (ends.input.number, ends.output.number)
    defer { withExtendedLifetime(ends) {} }
    try Descriptors.writeAll(output, Array(HostRecord.marker(record.nonce).utf8))
    while let socket = try connect(to: record.socket) {
      try Descriptors.writeAll(socket.number, record.greeting)
      let pump = try StreamPump(input, output, socket.number)
      let hasJoined = pump.run()
      guard record.purpose == .fence else {
        if !hasJoined { fail("the far half does not accept the connection") }
        _exit(0)
      }
      // It has ended, or is about to: nobody listens then.
      usleep(UInt32(pause.wholeMilliseconds * 1_000))
    }
    var bytes: [UInt8] = []
    HostFrame(.verdict, body: verdict(on: record).packed()).append(to: &bytes)
    try Descriptors.writeAll(output, bytes)
    _exit(0)
  }

  /// Connects to the far half; nil if nobody listens there.
  private static func connect(to path: String) throws -> Descriptor? {
    let made = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard let descriptor = Descriptor(owning: made) else {
      throw ProcessControlError.system("socket", errno)
    }
    let status = UnixAddress.with(path) { Glibc.connect(descriptor.number, $0, $1) }
    if status == 0 { return descriptor }
    guard [ECONNREFUSED, ENOENT, ENOTDIR].contains(errno) else {
      throw ProcessControlError.system("connect \(path)", errno)
    }
    return nil
  }

  private static func verdict(on record: AttachRecord) -> HostVerdict {
    if let verdict = HostVerdict(record.system, from: .here) { return verdict }
    let outcome = RunSweep.killAll(run: record.hostRun)
    // Helpers end by themselves once they are alone, but not while they are stopped.
    RunSweep.continueAll(run: record.hostRun)
    return outcome.isComplete ? .gone(killed: outcome.hits) : .elsewhere
  }

  private static func fail(_ reason: String) -> Never {
    writeToStandardError("process-tree: \(reason)")
    _exit(1)
  }
}

/// Moves bytes in both directions, each by itself and within bounds, until one side has ended.
struct StreamPump: ~Copyable {
  private static let capacity = 128 << 10

  private struct Direction {
    let source: Int32
    let target: Int32
    var bytes: [UInt8] = []
    var written = 0
    var isAtEnd = false
    var hasMoved = false

    var isEmpty: Bool { written == bytes.count }

    /// Nobody takes any more.
    mutating func giveUp() {
      (bytes, written, isAtEnd) = ([], 0, true)
    }

    /// Reads if there is nothing to write, and writes what there is; false when the target has
    /// gone.
    mutating func move() -> Bool {
      if isEmpty, !isAtEnd { read() }
      while !isEmpty {
        let count = bytes.withUnsafeBytes {
          Glibc.write(target, $0.baseAddress.map { $0 + written }, $0.count - written)
        }
        guard count > 0 else { return errno == EAGAIN || errno == EINTR }
        written += count
        hasMoved = true
      }
      return true
    }

    private mutating func read() {
      bytes.removeAll(keepingCapacity: true)
      written = 0
      bytes.append(contentsOf: repeatElement(0, count: StreamPump.capacity))
      let count = bytes.withUnsafeMutableBytes { Glibc.read(source, $0.baseAddress, $0.count) }
      bytes.removeLast(bytes.count - max(0, count))
      if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { isAtEnd = true }
    }
  }

  private var inwards: Direction
  private var outwards: Direction

  /// - Parameters:
  ///   - input: The descriptor that is read for the socket.
  ///   - output: The descriptor to which the socket's bytes go.
  ///   - socket: The other side.
  init(_ input: Int32, _ output: Int32, _ socket: Int32) throws(ProcessControlError) {
    for number in [input, output, socket] { try Descriptors.setNonBlocking(number) }
    inwards = Direction(source: input, target: socket)
    outwards = Direction(source: socket, target: output)
  }

  /// Returns whether the socket has brought anything.
  consuming func run() -> Bool {
    var hasTold = false
    while true {
      if outwards.isAtEnd, outwards.isEmpty { return outwards.hasMoved }
      if inwards.isAtEnd, inwards.isEmpty, !hasTold {
        // The other side sees that nothing more comes, and ends.
        shutdown(inwards.target, Int32(SHUT_WR))
        hasTold = true
      }
      var polls = [
        Self.wish(inwards.source, POLLIN, if: inwards.isEmpty && !inwards.isAtEnd),
        Self.wish(inwards.target, POLLOUT, if: !inwards.isEmpty),
        Self.wish(outwards.source, POLLIN, if: outwards.isEmpty),
        // One without a reader is found out although there is nothing to write.
        pollfd(
          fd: outwards.target, events: outwards.isEmpty ? 0 : Int16(POLLOUT), revents: 0),
      ]
      guard poll(&polls, nfds_t(polls.count), -1) >= 0 || errno == EINTR else { return false }
      if !inwards.move() { inwards.giveUp() }
      guard outwards.move(), polls[3].revents & Int16(POLLERR) == 0 else {
        return outwards.hasMoved
      }
    }
  }

  private static func wish(_ number: Int32, _ events: Int32, if isWanted: Bool) -> pollfd {
    pollfd(fd: isWanted ? number : -1, events: Int16(events), revents: 0)
  }
}

extension SystemIdentity {
  /// That of this process.
  static var here: SystemIdentity {
    func line(_ path: String) -> String {
      Files.text(of: path).map { String($0.prefix { $0 != "\n" }) } ?? ""
    }
    return SystemIdentity(
      boot: line("/proc/sys/kernel/random/boot_id"),
      processes: Files.link("/proc/self/ns/pid") ?? "",
      machine: line("/etc/machine-id"), name: line("/proc/sys/kernel/hostname"))
  }
}
