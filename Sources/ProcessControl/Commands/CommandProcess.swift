import Glibc
import ProcessTreeCProcessShims

/// The process of an external command, which leads its own session and process group.
///
/// Its exit signal is the usual one, so other code's `waitpid(-1)` can take its status. The object
/// belongs to one thread.
package final class CommandProcess {
  package enum Step: Hashable, Sendable {
    case directory
    case limits
    case credentials
    case execute
    case other
  }

  /// A failed start, which leaves no process.
  package struct StartFailure: Error {
    package let step: Step
    package let error: ProcessControlError
  }

  package let leader: ProcessHandle

  private init(_ leader: ProcessHandle) { self.leader = leader }

  /// Executes a command; returns after the exec.
  ///
  /// The process has only descriptors 0 to 2, no blocked signals, and default signal handling,
  /// except that SIGHUP, SIGINT and SIGQUIT stay ignored if this process was started so. It has the
  /// soft limit on open files with which this process was started. The kernel kills it when the
  /// calling thread ends, unless it changes its user later, so call this on a thread that lives as
  /// long as the process.
  package static func start(
    _ plan: CommandProcessPlan
  ) throws(StartFailure) -> CommandProcess {
    let texts = [plan.path, plan.directory ?? ""] + plan.arguments
    if texts.contains(where: { $0.utf8.contains(0) })
      || plan.environment.contains(where: { $0.contains(0) })
    {
      throw StartFailure(
        step: .other,
        error: ProcessControlError(
          .invalidArgument, call: "execve",
          "remove the zero byte from the arguments or the environment"))
    }
    var started = pt_command_start()
    let error = withCommand(plan) { pt_command_start($0, &started) }
    guard error == 0 else {
      let step = pt_command_step(rawValue: UInt32(bitPattern: started.step))
      throw StartFailure(step: Step(step), error: .clone(Self.call(of: step), error))
    }
    return CommandProcess(ProcessHandle(pid: started.pid, pidfd: started.pidfd))
  }

  /// Signals the whole group.
  ///
  /// Does nothing after the leader has been reaped, because the group's number may then be reused.
  package func signalGroup(_ signal: Int32) {
    _ = pt_command_signal_group(leader.pid, leader.pidfd, signal)
  }

  private static func withCommand<Result>(
    _ plan: CommandProcessPlan, _ body: (UnsafePointer<pt_command>) -> Result
  ) -> Result {
    let arguments = CStrings(plan.arguments)
    let environment = CStrings(plan.environment)
    let limits = plan.limits.map {
      pt_command_limit(resource: $0.resource.number, soft: $0.soft, hard: $0.hard)
    }
    let directory = plan.directory.map { CStrings([$0]) }
    defer { withExtendedLifetime((arguments, environment, directory)) {} }
    return withCredentials(plan) { credentials in
      plan.path.withCString { path in
        limits.withUnsafeBufferPointer { limits in
          arguments.pointers.withUnsafeBufferPointer { arguments in
            environment.pointers.withUnsafeBufferPointer { environment in
              guard let arguments = arguments.baseAddress,
                let environment = environment.baseAddress
              else { preconditionFailure("a list of C strings is never empty") }
              var command = pt_command(
                path: path, arguments: arguments, environment: environment,
                directory: directory?.pointers[0],
                descriptors: (plan.standardInput, plan.standardOutput, plan.standardError),
                umask: plan.umask.map { Int32($0 & 0o777) } ?? -1, tag: plan.tag?.value ?? .max,
                outlives_parent: plan.tag == nil,
                limits: limits.baseAddress, limit_count: Int32(clamping: limits.count),
                credentials: credentials)
              return body(&command)
            }
          }
        }
      }
    }
  }

  private static func withCredentials<Result>(
    _ plan: CommandProcessPlan, _ body: (UnsafePointer<pt_command_credentials>?) -> Result
  ) -> Result {
    guard let credentials = plan.credentials else { return body(nil) }
    return credentials.supplementaryGroups.withUnsafeBufferPointer { groups in
      var converted = pt_command_credentials(
        user: credentials.user, group: credentials.group,
        supplementary_groups: groups.baseAddress,
        supplementary_group_count: Int32(clamping: groups.count))
      return body(&converted)
    }
  }

  private static func call(of step: pt_command_step) -> String {
    switch step {
    case PT_COMMAND_SESSION: "setsid"
    case PT_COMMAND_DESCRIPTORS: "dup2"
    case PT_COMMAND_DIRECTORY: "chdir"
    case PT_COMMAND_TAG, PT_COMMAND_LIMITS: "prlimit"
    case PT_COMMAND_SUPPLEMENTARY_GROUPS: "setgroups"
    case PT_COMMAND_GROUP: "setresgid"
    case PT_COMMAND_USER: "setresuid"
    case PT_COMMAND_PARENT: "prctl"
    case PT_COMMAND_EXECUTE: "execve"
    default: "clone"
    }
  }
}

extension CommandProcess.Step {
  init(_ step: pt_command_step) {
    self =
      switch step {
      case PT_COMMAND_DIRECTORY: .directory
      case PT_COMMAND_LIMITS: .limits
      case PT_COMMAND_SUPPLEMENTARY_GROUPS, PT_COMMAND_GROUP, PT_COMMAND_USER: .credentials
      case PT_COMMAND_EXECUTE: .execute
      default: .other
      }
  }
}
