internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// The commands of one node that have been started and have not ended.
///
/// Belongs to the loop.
final class CommandTable {
  /// By the node's half of their tags, which unlike pids are never used again.
  private var controllers: [UInt32: CommandController] = [:]
  /// Where their error lines go.
  let errors: StandardErrorWriter

  init(on loop: EventLoop, errorsThrough root: @escaping () -> RootOutput?) {
    errors = StandardErrorWriter(on: loop, through: root)
    errors.onRoom = { [unowned self] in
      for controller in controllers.values { controller.errors?.resume() }
    }
  }

  var isEmpty: Bool { controllers.isEmpty }

  /// The commands' processes, which are this node's own.
  var pids: [Int32] { controllers.values.filter { !$0.isReaped }.map(\.pid) }

  /// The commands by the names of their executables, without their arguments.
  var names: [String] {
    controllers.values.map { "\($0.command.executable) (pid \($0.pid))" }.sorted()
  }

  /// Whether a process with this tag belongs to a command that still runs.
  func isRunning(_ tag: RunTag) -> Bool {
    controllers[tag.node].map { !$0.isReaped } ?? false
  }

  func add(_ controller: CommandController) { controllers[controller.tag.node] = controller }

  func remove(_ controller: CommandController) { controllers[controller.tag.node] = nil }

  /// Ends all of them; one that stops another ends with that.
  func stopAll(within grace: Duration) {
    for controller in controllers.values where !controller.isStopper {
      controller.stop(within: grace)
    }
  }
}
