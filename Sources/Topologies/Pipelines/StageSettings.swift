internal import Pipelines
internal import ProcessTree
internal import ProcessTreeBase

/// What a worker of a stage knows of it: a value that travels.
struct StageSettings: Codable, Sendable {
  var name: String
  var command: Command
  /// Whether a record takes the place of `{}` in the arguments.
  var takesPlace = false
  var input: RecordFraming
  var output: RecordFraming
  var attempts: Int
  var timeLimit: Duration?
}

/// Why a record cannot be given to a command.
struct UnfitRecord: Error, CustomStringConvertible {
  let description: String
}

extension StageSettings {
  /// The longest text that the kernel takes as an argument, in bytes.
  private static var longestArgument: Int { 128 << 10 }

  /// The command for a record, and its standard input.
  func run(for record: [UInt8]) throws(UnfitRecord) -> (command: Command, input: [UInt8]) {
    guard takesPlace else { return (command, record) }
    guard !record.contains(0) else {
      throw UnfitRecord(description: "a record with a zero byte cannot be an argument")
    }
    guard let text = String(validating: record, as: UTF8.self) else {
      throw UnfitRecord(
        description: "a record that is no UTF-8 cannot be an argument; leave {} out and read it")
    }
    var command = command
    command.arguments = command.arguments.map { $0.replacing("{}", with: text) }
    guard command.arguments.allSatisfy({ $0.utf8.count < Self.longestArgument }) else {
      throw UnfitRecord(
        description: "a record over \(Self.longestArgument >> 10) KiB cannot be an argument")
    }
    command.standardInput = .null
    return (command, [])
  }

  /// The failure that a record is to blame for; nil for what ends the run.
  func account(of error: any Error) -> String? {
    switch error {
    case let failure as CommandFailure: "\(failure)"
    case let error as ProcessTreeError where error.code == .deadlinePassed:
      "it took longer than the timeLimit"
    case let error as CommandError where error.code == .outputTooLarge: "\(error)"
    case is UnfitRecord, is RecordFailure: "\(error)"
    default: nil
    }
  }
}
