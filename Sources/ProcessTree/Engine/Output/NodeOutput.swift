internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision

/// What a node's children write, on its way: to the parent, at the root to its own streams.
///
/// Belongs to the loop.
final class NodeOutput {
  /// How long the root waits for a slow reader of its output after a signal has asked it to end.
  private static let lastOutput: Duration = .seconds(2)

  private unowned let runtime: NodeRuntime
  /// At the root made with the first child's streams.
  private var sink: (any OutputSink)?
  /// What the root cannot write: the code that the process exits with, if all else was well.
  private(set) var failureCode: Int32?

  /// Called when there is room again.
  var onRoom: (() -> Void)?

  init(of runtime: NodeRuntime) { self.runtime = runtime }

  /// Whether there is room for more output.
  var hasRoom: Bool { sink?.hasRoom ?? true }

  /// Passes on a piece of output of a node that this one relays.
  func pass(_ chunk: OutputChunk) { sink?.write(chunk) }

  /// The root's own streams, once a child has been started.
  var root: RootOutput? { sink as? RootOutput }

  /// Gives a node below the root its way up.
  func attach(_ parent: ParentLink) {
    let output = ParentOutput(parent.edge.sender(.output))
    output.onRoom = { [unowned self] in resumeStreams() }
    sink = output
  }

  private func open() -> any OutputSink {
    if let sink { return sink }
    let root = RootOutput(on: runtime.loop) { [shared = runtime.shared] in
      shared.configuration.output
    }
    root.onRoom = { [unowned self] in
      resumeStreams()
      runtime.commands.errors.onRoom?()
    }
    root.onFailure = { [unowned self] in failed($0) }
    root.onChunk = { [unowned runtime] chunk in
      runtime.recorder?.note(chunk)
      runtime.desk?.output.note(chunk, at: runtime.loop.timers.wallTime)
    }
    sink = root
    return root
  }

  private func resumeStreams() {
    onRoom?()
    for controller in runtime.controllers.values {
      take(of: controller)
      controller.streams?.resume()
    }
  }

  /// Looks again, at the end of a turn, whether there is room for streams that were paused.
  func recheck() { sink?.recheck() }

  /// Makes the streams of a child, whose subtree's output this node then passes on.
  func makeStreams(
    for controller: ChildController, output: consuming Descriptor, error: consuming Descriptor
  ) throws {
    controller.streams = try ChildStreams(
      of: .init(of: controller.child.declaration), output: output, error: error, sink: open(),
      on: runtime.loop)
    watch(controller)
  }

  /// Passes on what a child's subtree sends, as it comes.
  private func watch(_ controller: ChildController) {
    controller.edge.receiver(.output).onItems = { [weak self, weak controller] in
      guard let self, let controller else { return }
      take(of: controller)
    }
  }

  /// Makes ready for the output of a child on another host, whose own streams its host's keeper
  /// passes on.
  func expectRelayed(_ controller: ChildController) {
    _ = open()
    watch(controller)
  }

  /// Passes on what a child's subtree has written, as long as there is room.
  func take(of controller: ChildController, all: Bool = false) {
    guard let sink else { return }
    let stream = controller.edge.receiver(.output)
    lazy var own = controller.child.address.description
    while all || sink.hasRoom, let item = stream.take() {
      guard var chunk = OutputChunk(item: item.withItem { Array($0) }) else { continue }
      if !chunk.isFrom(own), controller.keeps?.speaks(for: chunk) != true { chunk.address = own }
      sink.write(chunk)
    }
  }

  /// Writes a line to standard error, at a root behind all that nodes have written.
  func tell(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    guard let root = open() as? RootOutput else {
      try? Descriptors.writeAllQuietly(STDERR_FILENO, bytes)
      return
    }
    root.write(bytes, to: .error)
  }

  // MARK: The end of the root's output

  /// Reports that a stream of the root cannot be written to, and does not end as if all were well.
  ///
  /// A reader that has gone has seen enough: the run ends, as any program does then.
  private func failed(_ failure: RootOutput.Failure) {
    let line = "process-tree: output is lost: \(failure)"
    if let root {
      root.write(Array("\(line)\n".utf8), to: .error)
    } else {
      writeToStandardError(line)
    }
    failureCode = failure.isReaderGone ? 128 + SIGPIPE : 1
    guard failure.isReaderGone else { return }
    let reason = "nobody reads \(failure.name) any more"
    runtime.requestStop(runtime.identity.stopRequest(because: reason))
  }

  /// Writes at the root what waits to be written, however late its reader begins.
  ///
  /// - Returns: False if a signal has asked the root to end, and nobody has read for a while.
  func finish() -> Bool {
    guard let root else {
      // No child has been started, and nobody else writes.
      runtime.commands.errors.flush()
      let code = Descriptors.flushBuffers()
      if code != 0 { failed(.init(stream: .output, code: code)) }
      return true
    }
    root.finish()
    var isOver = false
    var isWaiting = false
    runtime.loop.run {
      if runtime.life.signal != nil, !isWaiting {
        isWaiting = true
        _ = runtime.loop.timers.schedule(after: Self.lastOutput) { isOver = true }
      }
      return root.isFinished || isOver
    }
    return root.isFinished
  }
}

/// The destination of the children's output: the root's own streams, or a node's parent.
protocol OutputSink: AnyObject {
  /// Whether the sink has room; otherwise the children's pipes are not read.
  var hasRoom: Bool { get }

  /// Accepts a chunk even without room, because the output of a dead child cannot wait.
  func write(_ chunk: OutputChunk)

  /// Checks, at the end of a turn, whether there is room again.
  func recheck()

  /// The loop calls this when there is room again.
  var onRoom: (() -> Void)? { get set }
}
