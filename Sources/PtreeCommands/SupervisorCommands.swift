internal import ArgumentParser
internal import ProcessTreeExamples

/// `ptree run restarts`.
struct RunRestarts: ExampleCommand {
  static let configuration = CommandConfiguration(example: Restarts.self)

  @OptionGroup var options: RunOptions

  func makeExample() -> any Example { Restarts() }
}

/// `ptree run supervised`.
struct RunSupervised: ExampleCommand {
  static let configuration = CommandConfiguration(example: Supervised.self)

  @Option(
    parsing: .unconditional, help: "How many restarts a supervisor makes before it gives up.")
  var restarts = 2

  @OptionGroup var options: RunOptions

  func validate() throws {
    guard (0...20).contains(restarts) else {
      throw ValidationError("The number of restarts is 0 to 20.")
    }
  }

  func makeExample() -> any Example { Supervised(restarts: restarts) }
}
