internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

extension Launcher {
  /// Runs this process as the far half of a host: it starts what the near half asks for, and ends when
  /// the connection does.
  func runHost() throws -> Never {
    ChildSetup.outliveParent()
    try prepare()
    let streams = try HostStreams.take()
    let record = try streams.readRecord()
    try FreeDescriptors.demand(ChildStart.descriptors, for: "the far half of a host")
    let run = try HostRun()
    ProcessTitle.set("host \(record.name)")
    let place = try RunDirectory(path: run.identity.directory).make(for: run.identity.runID)
    let loop = try EventLoop()
    WarmUp.run(on: loop, for: run.node, app: app)
    let deadline = try SharedDeadline()
    switch try ForkServer.start(run: run.identity, deadline: deadline) {
    case .child: runChild(wasSpawned: false)
    case .node(let server):
      let agent = try HostAgent(record, run, place, server, deadline, streams, on: loop)
      agent.run()
    }
  }
}

/// The run on a host: it has tags and a directory of its own, for two hosts may be one machine, and what
/// ends one must not end the other, or the root.
struct HostRun {
  let identity: RunIdentity
  /// The far half, as those that it starts see it: the process that has made them.
  let node: NodeIdentity

  init() throws {
    let runID = try RunTag.randomRunID()
    identity = try RunIdentity.ofThisProcess(
      runID: runID, directory: RunDirectory.path(forNew: runID))
    let tag = RunTag.ofRoot(runID, pid: identity.rootPID, startTime: identity.rootStartTime)
    // Not that of the run in which an engine on this machine has started it.
    try tag.install()
    ChildSetup.becomeSubreaper()
    node = NodeIdentity(
      path: .root, name: NodePath.root.description, pid: identity.rootPID, isDaemon: false,
      parent: nil, tag: tag, run: identity, build: HostProcess.buildIdentity())
  }
}

/// The standard input and output that a far half was started with: out of the way of its children, which
/// inherit none of them.
final class HostStreams {
  private static let lowest: Int32 = 64
  private static let deadline: Duration = .seconds(60)

  private var input: Descriptor?
  private var output: Descriptor?

  private init(_ input: consuming Descriptor, _ output: consuming Descriptor) {
    self.input = consume input
    self.output = consume output
  }

  /// Takes the streams, and leaves the null device in their places.
  static func take() throws(ProcessControlError) -> HostStreams {
    let null = try Descriptors.openNull()
    let streams = HostStreams(try moved(STDIN_FILENO), try moved(STDOUT_FILENO))
    for number in [STDIN_FILENO, STDOUT_FILENO] where dup2(null.number, number) < 0 {
      throw .system("dup2", errno)
    }
    return streams
  }

  private static func moved(_ number: Int32) throws(ProcessControlError) -> Descriptor {
    guard let moved = Descriptor(owning: fcntl(number, F_DUPFD_CLOEXEC, lowest)) else {
      throw .system("fcntl(F_DUPFD_CLOEXEC)", errno)
    }
    return moved
  }

  /// Reads what comes before any frame: four bytes of length, big-endian, and the record.
  func readRecord() throws -> HostRecord {
    let length = try read(count: 4).reduce(0) { $0 << 8 | Int($1) }
    guard length <= HostRecord.largest else {
      throw WireError("a host's record has at most \(HostRecord.largest) bytes, not \(length)")
    }
    return try HostRecord(packed: try read(count: length))
  }

  private func read(count: Int) throws -> [UInt8] {
    guard let number = input?.number else { throw WireError("the stream has been passed on") }
    var bytes: [UInt8] = []
    while bytes.count < count {
      var wait = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
      guard poll(&wait, 1, Int32(clamping: Self.deadline.wholeMilliseconds)) == 1 else {
        throw WireError("nobody has said within \(Self.deadline) which host this is")
      }
      var chunk = [UInt8](repeating: 0, count: count - bytes.count)
      let length = Glibc.read(number, &chunk, chunk.count)
      guard length > 0 else { throw WireError("the record of the host ends too early") }
      bytes += chunk[..<length]
    }
    return bytes
  }

  /// The carrier over both streams, once.
  func makeCarrier(on loop: EventLoop) throws -> HostCarrier {
    guard let input = input.take(), let output = output.take() else {
      throw WireError("the streams have been passed on")
    }
    return try HostCarrier(reading: input, writing: output, on: loop)
  }
}
