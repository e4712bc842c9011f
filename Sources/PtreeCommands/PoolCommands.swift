internal import ArgumentParser
internal import ProcessTreeExamples

/// `ptree run primes`.
struct RunPrimes: ExampleCommand {
  static let configuration = CommandConfiguration(example: Primes.self)

  @Argument(
    help: ArgumentHelp("The number below which primes are counted.", valueName: "number"))
  var limit: Int

  @Option(
    parsing: .unconditional, help: "How many workers count; the number of processors without it.")
  var workers: Int?

  @OptionGroup var options: RunOptions

  func validate() throws {
    guard (0...1_000_000_000_000).contains(limit) else {
      throw ValidationError("The number below which primes are counted is 0 to 1000000000000.")
    }
    try WorkerCount.validate(workers)
  }

  func makeExample() -> any Example { Primes(limit: limit, workers: workers) }
}

/// `ptree run mapreduce`.
struct RunMapReduce: ExampleCommand {
  static let configuration = CommandConfiguration(example: MapReduce.self)

  @Option(
    parsing: .unconditional, help: "How many workers count; the number of processors without it.")
  var workers: Int?

  @Option(
    parsing: .unconditional, help: "For how many seconds chunks of text are taken; 10 without it.")
  var seconds: Seconds?

  @Option(parsing: .unconditional, help: "How many workers a second the example kills; 0 for none.")
  var killsPerSecond: Double = 5

  @Option(parsing: .unconditional, help: "Take this number of chunks, however long they take.")
  var items: Int?

  @OptionGroup var options: RunOptions

  func validate() throws {
    try WorkerCount.validate(workers)
    guard (0...1_000).contains(killsPerSecond) else {
      throw ValidationError("The number of kills a second is 0 to 1000.")
    }
    guard (0...1_000_000_000).contains(items ?? 0) else {
      throw ValidationError("The number of chunks is 0 to 1000000000.")
    }
    guard seconds == nil || items == nil else {
      throw ValidationError("Either --seconds or --items says how much there is to do.")
    }
  }

  func makeExample() -> any Example {
    MapReduce(
      workers: workers,
      amount: items.map { .items($0) } ?? .time(seconds?.duration ?? .seconds(10)),
      killsPerSecond: killsPerSecond)
  }
}

/// The number of workers of an example.
enum WorkerCount {
  static func validate(_ workers: Int?) throws {
    guard (1...500).contains(workers ?? 1) else {
      throw ValidationError("The number of workers is 1 to 500.")
    }
  }
}
