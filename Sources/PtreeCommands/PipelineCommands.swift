internal import ArgumentParser
internal import ProcessTreeExamples

/// `ptree run wordcount`.
struct RunWordCount: ExampleCommand {
  static let configuration = CommandConfiguration(
    commandName: WordCount.name, abstract: "\(WordCount.lesson).",
    discussion: """
      A word is a maximal run of ASCII letters, in small letters; all other bytes lie between \
      words, and words do not go on from one file to the next. Directories are walked; links in \
      them are not followed. What cannot be read there is told, counted and passed over.
      """)

  @Argument(help: "Files and directories; - is standard input.")
  var paths: [String]

  @Option(
    parsing: .unconditional, help: "How many nodes find words; the number of processors without it."
  )
  var workers: Int?

  @Option(parsing: .unconditional, help: "How many nodes count words, each its part of them.")
  var counters = 2

  @Option(parsing: .unconditional, help: "How many of the most frequent words are listed.")
  var top = 20

  @Flag(help: "List all words; in the JSON document as 'all', beside 'top'.")
  var all = false

  @OptionGroup var options: RunOptions

  func validate() throws {
    try WorkerCount.validate(workers)
    guard (1...100).contains(counters) else {
      throw ValidationError("The number of counters is 1 to 100.")
    }
    guard (0...1_000_000_000).contains(top) else {
      throw ValidationError("The number of listed words is 0 to 1000000000.")
    }
  }

  func makeExample() -> any Example {
    WordCount(
      paths: paths.map { RawArguments.bytes(of: $0) }, workers: workers, counters: counters,
      top: top, hasAll: all)
  }
}

/// `ptree run lines`.
struct RunLines: ExampleCommand {
  static let configuration = CommandConfiguration(example: Lines.self)

  @Argument(help: "Files that gzip can expand; - is standard input.")
  var files: [String]

  @OptionGroup var options: RunOptions

  func makeExample() -> any Example {
    Lines(files: files.map { RawArguments.bytes(of: $0) })
  }
}
