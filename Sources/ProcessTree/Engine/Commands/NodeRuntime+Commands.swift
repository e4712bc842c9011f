internal import Glibc
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl
internal import ProcessTreeSupervision
internal import ProcessTreeWire

extension NodeRuntime {
  /// How long a command has from SIGTERM to SIGKILL.
  var commandGrace: Duration { (life.policy ?? shared.configuration.stopPolicy).total }

  /// Starts a command; it is running when this returns.
  ///
  /// - Parameter isOfTheEnd: Whether the command stops another one, which a node that is ending
  ///   starts too.
  func start(
    _ command: Command, pipes: CommandStreams.Pipes = .toTheNode, isOfTheEnd: Bool = false
  ) throws -> CommandController {
    guard shared.startsChildren || isOfTheEnd else {
      throw ProcessTreeError(
        .nodeEnding, "\(identity.name) is ending and starts no more commands.")
    }
    try contain()
    let environment = try command.environment.resolved(from: Command.Environment.ofThisProcess())
    let path = try CommandLookup(command: command, environment: environment).path()
    let limits = try command.resolvedLimits()
    let credentials = try command.credentials?.resolved()
    do {
      let streams = try CommandStreams(
        of: command, pipes: pipes, errorsTo: commands.errors, on: loop)
      // Its own: all that it starts is known by it, wherever that moves, and ends with it.
      let tag = RunTag(run: identity.run.runID, node: try RunTag.randomNodeID())
      let plan = CommandProcessPlan(
        path: path, arguments: [command.executable] + command.arguments,
        environment: environment, directory: command.directory, umask: command.umask,
        credentials: credentials, limits: limits, standardInput: streams.descriptors.input,
        standardOutput: streams.descriptors.output, standardError: streams.descriptors.errors,
        tag: tag)
      return try start(command, tag, plan, streams)
    } catch let failure as CommandProcess.StartFailure {
      throw CommandError(failure, of: command, at: path)
    } catch let error as ProcessControlError {
      throw CommandError(.systemCallFailed, "\(error): \(command.quotation)")
    } catch let error as LoopError {
      throw CommandError(.systemCallFailed, "\(error): \(command.quotation)")
    }
  }

  private func start(
    _ command: Command, _ tag: RunTag, _ plan: CommandProcessPlan,
    _ streams: borrowing CommandStreams
  ) throws -> CommandController {
    let process = try CommandProcess.start(plan)
    do {
      let controller = try CommandController(
        command, tag: tag, process: process, streams: streams, in: self)
      commands.add(controller)
      return controller
    } catch {
      // Without a watch its end would go unseen.
      process.signalGroup(SIGKILL)
      _ = process.leader.reapSoon()
      throw error
    }
  }
}

extension CommandError {
  /// The error for a command whose process could not be started.
  init(_ failure: CommandProcess.StartFailure, of command: Command, at path: String) {
    let reason = String(cString: strerror(failure.error.errno))
    switch (failure.step, failure.error.errno) {
    case (.directory, _):
      self.init(
        .directoryUnusable, "The directory \((command.directory ?? ".").quotation): \(reason).")
    case (.limits, EPERM), (.limits, EINVAL):
      self.init(
        .limitRefused,
        "A limit is above what this node may give: \(reason): \(command.quotation)")
    case (.credentials, let number):
      self.init(
        .credentialsRefused,
        "\(failure.error.call): \(reason)\(Self.remedy(forCredentials: number)): "
          + command.quotation)
    case (.execute, ENOENT):
      self.init(
        .notExecutable,
        "\(path.quotation) cannot be executed: it, or the interpreter that it names, is not "
          + "there.")
    case (.execute, ENOEXEC):
      self.init(
        .notExecutable,
        "\(path.quotation) cannot be executed: it is no program for this machine, and no script that "
          + "begins with #!.")
    case (.execute, EACCES), (.execute, EPERM), (.execute, ENOTDIR), (.execute, ELOOP),
      (.execute, ETXTBSY), (.execute, ELIBBAD):
      let user = command.credentials.map { " by user \($0.user)" } ?? ""
      self.init(.notExecutable, "\(path.quotation) cannot be executed\(user): \(reason).")
    case (.other, 0), (.other, EINVAL):
      self.init(.invalidCommand, "\(failure.error.message): \(command.quotation)")
    default:
      self.init(.systemCallFailed, "\(failure.error): \(command.quotation)")
    }
  }

  private static func remedy(forCredentials errno: Int32) -> String {
    switch errno {
    case EPERM:
      "; a node that is not root needs the capabilities to change users and to signal them"
    case EINVAL: "; the node's user namespace has no such number, or there are too many groups"
    default: ""
    }
  }
}
