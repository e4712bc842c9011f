internal import ProcessTreeProcessControl

/// What one stream is connected to, the three kinds of streams being alike in this.
enum CommandStreamTarget {
  case pipe
  case inherited
  case null
  case file(String, Descriptors.FileUse)
  /// What the stream before has.
  case sameAsBefore

  /// Those of a command, in the order of their numbers.
  static func all(of command: Command, pipes: CommandStreams.Pipes) -> [Self] {
    let streams = [
      Self(command.standardInput), Self(command.standardOutput), Self(command.standardError),
    ]
    guard case .areTheNodes = pipes else { return streams }
    return streams.map { if case .pipe = $0 { .inherited } else { $0 } }
  }

  private init(_ input: Command.Input) {
    self =
      switch input {
      case .pipe: .pipe
      case .inherited: .inherited
      case .null: .null
      case .file(let path): .file(path, .reading)
      }
  }

  private init(_ output: Command.Output) {
    self =
      switch output {
      case .pipe: .pipe
      case .inherited: .inherited
      case .null: .null
      case .file(let path, let appends): .file(path, appends ? .appending : .writing)
      }
  }

  private init(_ errors: Command.ErrorOutput) {
    self =
      switch errors {
      case .pipe: .pipe
      case .inherited: .inherited
      case .null: .null
      case .file(let path, let appends): .file(path, appends ? .appending : .writing)
      case .standardOutput: .sameAsBefore
      }
  }
}
