@preconcurrency internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// A child between its bootstrap record and the first turn of its loop.
struct ChildStart {
  let identity: NodeIdentity
  private let record: BootstrapRecord
  private let secret: NodeSecret
  private let settings: NodeSettings
  private let program: any NodeProgram.Type
  private let listedPrograms: [any NodeProgram.Type]

  init(
    _ record: BootstrapRecord, _ secret: NodeSecret, pid: Int32, tag: RunTag,
    programs: [any NodeProgram.Type]
  ) throws {
    self.record = record
    self.secret = secret
    settings = try NodeSettings(packed: record.settings)
    listedPrograms = programs
    program = try ProgramReference.resolve(
      name: record.program.type, listIndex: record.program.listIndex, listed: listedPrograms)
    let text = record.address.isEmpty ? "\(NodeAddress(of: record.path))" : record.address
    guard let address = NodeAddress(text) else {
      throw WireError("\(record.address.quotation.debugDescription) is no address")
    }
    identity = NodeIdentity(
      path: record.path, name: record.name, pid: pid, isDaemon: record.isDaemon,
      incarnation: record.incarnation, address: address,
      parent: .init(name: record.parent.name, pid: record.parent.pid), tag: tag,
      run: RunIdentity(
        runID: record.run.id, rootPID: record.run.rootPID,
        rootStartTime: record.run.rootStartTime, directory: record.run.directory),
      build: record.placement?.build ?? HostProcess.buildIdentity(),
      placement: record.placement)
  }

  /// What a fork server does before it clones a child.
  ///
  /// The child would have to do it otherwise; this one and later ones find it done. It runs no code
  /// of the program.
  static var preparation: ForkServer.Preparation {
    { hasLinks, program in
      if hasLinks != 0 { LinkContext.loadLibrary() }
      guard program.pointee != 0 else { return }
      let name = String(cString: program)
      _ = try? ProgramReference.resolve(name: name, listIndex: nil, listed: [])
    }
  }

  /// Independent of the start method, because the fork server also kills the run's remains.
  var needsForkServer: Bool { program.spawnsChildren }

  /// Gives the process its settings, before its fork server, whose clones inherit them.
  func applyProcessSettings() throws {
    guard let packed = record.processSettings else { return }
    try ProcessSettings(packed: packed).apply()
    // Fewer may be left than before.
    try FreeDescriptors.demand(Self.descriptors, for: "a child")
  }

  /// The descriptors of a node without children: its loop's, its helper's, its parent's.
  static let descriptors = 16

  func run(forkServer: ForkServer?) throws -> Never {
    lineBufferStandardOutput()
    let loop = try EventLoop()
    let tie = try FrameStream(lent: Bootstrap.descriptor, on: loop)
    let runtime = try makeRuntime(on: loop, tie: tie)
    try NodeMain(runtime, forkServer: forkServer).runChild { try runProgram(in: runtime) }
  }

  /// Makes the node with its connection to the parent.
  ///
  /// - Parameters:
  ///   - loop: Its loop.
  ///   - tie: The descriptor that its process has inherited.
  ///   - nodes: The nodes with which it shares its process, if it has none of its own.
  func makeRuntime(
    on loop: EventLoop, tie: FrameStream? = nil, in nodes: InProcessNodes? = nil
  ) throws -> NodeRuntime {
    var configuration = TreeConfiguration()
    settings.apply(to: &configuration)
    let runtime = NodeRuntime(
      identity, on: loop,
      shared: NodeShared(configuration: configuration, programs: listedPrograms, sharing: nodes),
      secret: secret)
    let parent = try ParentLink(
      record, as: identity, secret, tie: tie, context: runtime.context, on: loop)
    runtime.attach(parent)
    return runtime
  }

  /// Reports that the node is ready, and starts its program.
  func runProgram(in runtime: NodeRuntime) throws {
    guard let parent = runtime.parent else { return }
    parent.onMessage = { [unowned runtime] in runtime.receiveFromParent($0) }
    parent.onViolation = { [unowned runtime] in runtime.emitOwn(.messageRejected(reason: $0)) }
    parent.send(.ready)
    // Before the program can do anything to the process.
    parent.flush()
    if let period = record.renewalPeriod {
      runtime.renewLease(every: .milliseconds(max(1, period)))
    }
    let bound = LoopBound(runtime, on: runtime.loop)
    let (program, arguments) = (program, record.program.arguments)
    runtime.start { node in
      let run = ProgramRun(type: program, node: node)
      do {
        let arguments = try await Self.receivePayload(arguments, by: bound)
        return await run.outcome(arguments: arguments)
      } catch {
        return ProgramRun.outcome(of: error, in: node)
      }
    }
  }

  /// The arguments from the record or, if they were too large for it, from the data link.
  private nonisolated(nonsending) static func receivePayload(
    _ inline: [UInt8]?, by bound: LoopBound<NodeRuntime>
  ) async throws -> [UInt8] {
    if let inline { return inline }
    let payload = bound.value.parent?.edge.receiver(.payload)
    try await payload?.waitForItem()
    guard let item = payload?.take() else {
      throw ProcessTreeError(.unreachable, "The parent ended before it sent the arguments.")
    }
    return item.withItem { Array($0) }
  }
}

/// Buffers standard output by lines: a pipe would be fully buffered, and a crash would lose it.
func lineBufferStandardOutput() {
  setvbuf(stdout, nil, _IOLBF, 0)
}
