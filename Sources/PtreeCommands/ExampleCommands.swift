internal import ArgumentParser
internal import ProcessTreeExamples

/// `ptree run squares`.
struct RunSquares: ExampleCommand {
  static let configuration = CommandConfiguration(example: Squares.self)

  @Argument(help: "How many squares.")
  var count = 12

  @OptionGroup var options: RunOptions

  func validate() throws {
    guard (0...1_000_000).contains(count) else {
      throw ValidationError("The number of squares is 0 to 1000000.")
    }
  }

  func makeExample() -> any Example { Squares(count: count) }
}

/// `ptree run tally`.
struct RunTally: ExampleCommand {
  static let configuration = CommandConfiguration(example: Tally.self)

  @Argument(help: "The directory; a link to one is followed, links in it are not.")
  var directory: String

  @Option(
    parsing: .unconditional,
    help: "How many levels of directories below it have nodes of their own.")
  var depth = 3

  @OptionGroup var options: RunOptions

  func validate() throws {
    // A tree has at most a thousand levels; the root and the directory itself are two.
    guard (0...900).contains(depth) else { throw ValidationError("The depth is 0 to 900.") }
  }

  func makeExample() -> any Example {
    Tally(directory: RawArguments.bytes(of: directory), depth: depth)
  }
}

/// `ptree run crash`.
struct RunCrash: ExampleCommand {
  static let configuration = CommandConfiguration(example: Crash.self)

  @OptionGroup var options: RunOptions

  func makeExample() -> any Example { Crash() }
}

/// `ptree run names`.
struct RunNames: ExampleCommand {
  static let configuration = CommandConfiguration(example: Names.self)

  @Option(
    parsing: .unconditional,
    help: "How many seconds the tree stays up after its names were printed.")
  var hold: Seconds = Seconds(duration: .zero)

  @OptionGroup var options: RunOptions

  func makeExample() -> any Example { Names(hold: hold.duration) }
}

/// `ptree run tree`.
struct RunTree: ExampleCommand {
  static let configuration = CommandConfiguration(
    commandName: Tree.name, abstract: "\(Tree.lesson).",
    discussion: """
      A shape has the number of children of the nodes of each level, joined by x: 3x10 has three \
      children below the root and ten below each of these; 1^20 is twenty levels of one child.
      """)

  @Argument(
    help: "The shape, such as 32, 3x10 or 1^20.",
    transform: { text in
      guard let shape = TreeShape(text) else {
        throw ValidationError(
          "A shape is numbers above 0 joined by x, such as 32, 3x10 or 1^20, with at most "
            + "\(TreeShape.mostNodes) nodes on \(TreeShape.mostLevels) levels.")
      }
      return shape
    })
  var shape: TreeShape

  @Option(parsing: .unconditional, help: "How many messages each node sends to its parent.")
  var items = 100

  @OptionGroup var options: RunOptions

  func validate() throws {
    guard (0...1_000_000).contains(items) else {
      throw ValidationError("The number of messages is 0 to 1000000.")
    }
  }

  func makeExample() -> any Example { Tree(shape: shape, items: items) }
}
