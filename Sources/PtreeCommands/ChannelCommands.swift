internal import ArgumentParser
internal import ProcessTreeExamples

/// `ptree run ring`.
struct RunRing: ExampleCommand {
  static let configuration = CommandConfiguration(example: Ring.self)

  @Option(parsing: .unconditional, help: "How many nodes are in the circle.")
  var nodes = 8

  @Option(parsing: .unconditional, help: "How often the token goes round.")
  var laps = 1_000

  @OptionGroup var options: RunOptions

  func validate() throws {
    guard (1...500).contains(nodes) else { throw ValidationError("A ring has 1 to 500 nodes.") }
    guard (1...10_000_000).contains(laps) else {
      throw ValidationError("The token makes 1 to 10000000 laps.")
    }
  }

  func makeExample() -> any Example { Ring(nodes: nodes, laps: laps) }
}

/// `ptree run broadcast`.
struct RunBroadcast: ExampleCommand {
  static let configuration = CommandConfiguration(example: Broadcast.self)

  @Option(parsing: .unconditional, help: "How many nodes listen; the first of them is slow.")
  var subscribers = 4

  @Option(parsing: .unconditional, help: "How many items are sent.")
  var items = 3_000

  @OptionGroup var options: RunOptions

  func validate() throws {
    guard (1...500).contains(subscribers) else {
      throw ValidationError("A broadcast has 1 to 500 subscribers.")
    }
    guard (0...1_000_000_000).contains(items) else {
      throw ValidationError("The number of items is 0 to 1000000000.")
    }
  }

  func makeExample() -> any Example { Broadcast(subscribers: subscribers, items: items) }
}
