internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

/// The effects of a root's post-mortem: it listens, asks the nodes at the first failure and at the
/// end, and writes the file when the run has failed.
///
/// Belongs to the loop.
final class PostMortemRecorder {
  /// How long each loop has to answer at the end, which waits for it.
  private static let patience: Duration = .milliseconds(300)

  /// Where the file will be.
  private let directory: String
  private unowned let runtime: NodeRuntime
  private var record = PostMortem()

  init(in directory: String, of runtime: NodeRuntime) {
    self.directory = directory
    self.runtime = runtime
  }

  func note(_ event: LifecycleEvent) {
    guard record.note(event) else { return }
    collect("right after the first failure") {}
  }

  func note(_ chunk: OutputChunk) { record.note(chunk) }

  /// Asks all nodes what they wait for, then goes on.
  func collect(_ moment: String, then: @escaping @Sendable () -> Void) {
    let node = Node(LoopBound(runtime, on: runtime.loop))
    let recorder = LoopBound(self, on: runtime.loop)
    let patience = Self.patience
    Task(executorPreference: runtime.loop) {
      let found = try? await node.explainTreeForPeople(within: patience)
      recorder.perform {
        $0.record.note(found ?? [], at: moment)
        then()
      }
    }
  }

  /// Writes the file of a run that has failed, and reports where it is; a failure to do so is one
  /// line.
  func finish(exitCode: Int32) {
    guard exitCode != 0, !record.isEmpty else { return }
    let identity = runtime.identity
    let run = RunPlace.name(of: identity.run.runID)
    let path = "\(directory)/post-mortem-\(run)-\(identity.pid).txt"
    let text = record.text(of: run, exitCode: exitCode, at: runtime.loop.timers.wallTime)
    do throws(ProcessControlError) {
      try Descriptors.writeNewFile(path, in: directory, Array(text.utf8))
      writeToStandardError("process-tree: post-mortem: \(path)")
    } catch {
      writeToStandardError("process-tree: no post-mortem: \(error)")
    }
  }
}

extension NodeRuntime {
  /// Begins to keep what a post-mortem needs, at a root whose configuration has a directory for it.
  func recordIfWanted() {
    // Whether nodes share a process is decided by the first look at them, which is not this one.
    guard identity.isRoot, recorder == nil, shared.configuration.startMethod != .inProcess,
      let directory = shared.configuration.postMortemDirectory
    else { return }
    let made = PostMortemRecorder(in: directory, of: self)
    recorder = made
    events.recorder = { [unowned made] in made.note($0) }
  }
}
