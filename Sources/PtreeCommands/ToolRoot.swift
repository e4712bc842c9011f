internal import ArgumentParser
internal import Foundation
internal import Glibc
internal import ProcessTree
internal import ProcessTreeExamples
internal import ProcessTreeTopologyFormat

/// The command line as the root of a tree.
struct ToolRoot {
  private let root: Node

  init(_ root: Node) { self.root = root }

  /// Runs a command and returns the exit code; throws only when the root was asked to stop.
  func perform(_ arguments: [String]) async throws -> Int32 {
    do {
      if let (topology, options) = EarlyCommands.checkedTopology {
        return try await FileRun(topology, options, in: root).perform()
      }
      var command = try PtreeCommand.parsed(try ArgumentOrder.nameFirst(arguments))
      if let chaos = command as? ChaosCommand { return try await perform(chaos) }
      if let hosts = command as? HostsCheck { return try await hosts.perform(in: root) }
      guard let command = command as? any ExampleCommand else {
        try command.run()
        return ExitStatusCode.success
      }
      return try await perform(try command.makeExample(), command.options.settings)
    } catch {
      // The library ends the process in the way that belongs to the signal.
      if root.stopRequest != nil { throw CancellationError() }
      return Self.report(error)
    }
  }

  private func perform(_ example: any Example, _ options: RunSettings) async throws -> Int32 {
    let run = ExampleRun(options, in: root)
    guard !options.hosts.isEmpty else { return try await run.perform(example) }
    let plans = try options.hosts.plans()
    guard let hosted = example as? any HostedExample else {
      let names = Examples.all.filter { $0 is any HostedExample.Type }.map { $0.name }
      throw UsageError(
        "'\(type(of: example).name)' starts all its nodes on this machine; --host and --hosts are for "
          + "\(names.joined(separator: ", ")).")
    }
    return try await run.perform(hosted, on: plans)
  }

  private func perform(_ chaos: ChaosCommand) async throws -> Int32 {
    let command = try chaos.exampleCommand()
    var options = command.options.settings
    // Lines about thousands of nodes that die on purpose are no news; `--events` has them all.
    options.quiet = true
    try await ExampleRun(options, in: root).prepare()
    return try await ChaosRun(chaos.chaos, command.options, in: root)
      .perform(try command.makeExample())
  }

  static func report(_ error: any Error) -> Int32 {
    switch error {
    case let code as ExitCode: return code.rawValue
    case let error as UnusableHosts:
      // Each begins with its place.
      Standard.error.tell(error.text)
      Standard.complain("the hosts are not right; nothing was started.")
      return ExitStatusCode.usage
    case is UsageError, is UnusableInput, is VariableFile.Refusal:
      Standard.complain("\(error)")
      return ExitStatusCode.usage
    case let error as StreamError where error.isClosedPipe:
      // As if the signal had ended the process: the reader has seen enough.
      return 128 + SIGPIPE
    default: break
    }
    guard PtreeCommand.exitCode(for: error) != .failure else {
      Standard.complain("\(error)")
      return ExitStatusCode.failure
    }
    // Messages of ArgumentParser: help and version on standard output, all else is an error.
    let message = PtreeCommand.fullMessage(for: error)
    guard PtreeCommand.exitCode(for: error) == .success else {
      // In the words of all other errors of the tool.
      let prefix = "Error: "
      if message.hasPrefix(prefix) {
        Standard.complain(String(message.dropFirst(prefix.count)))
      } else {
        Standard.error.tell(message)
      }
      return ExitStatusCode.usage
    }
    do {
      try Standard.output.write(message + "\n")
      return ExitStatusCode.success
    } catch {
      return report(error)
    }
  }
}

/// The tool's exit codes; a run that a signal ended has 128 and the signal's number.
enum ExitStatusCode {
  static let success: Int32 = 0
  static let failure: Int32 = 1
  static let usage: Int32 = 2
  static let timedOut: Int32 = 124
}

/// The tool was asked for something that it cannot do.
struct UsageError: Error, CustomStringConvertible {
  let description: String

  /// - Parameter description: The fault; it may quote an input of any length.
  init(_ description: String) {
    let isLong = description.utf8.count > Self.longest
    self.description = isLong ? String(description.prefix(Self.longest)) + "…" : description
  }

  private static let longest = 4_096
}
