internal import ProcessTree
internal import ProcessTreeProcessControl

/// What nodes of a run have written: from the files of its directory, and from its root what is not
/// there.
struct RunLog {
  private var printer: LogPrinter
  private let run: LiveRun
  private let lines: Int?
  private let wants: (RunOutput) -> Bool
  /// The last piece that has been printed, or was left out.
  private var last: UInt64 = 0
  /// Pieces that the root has sent, but which older ones in files precede.
  private var held: [RunOutput] = []

  init(
    _ printer: LogPrinter, of run: LiveRun, lines: Int?, wants: @escaping (RunOutput) -> Bool
  ) {
    self.printer = printer
    self.run = run
    self.lines = lines
    self.wants = wants
  }

  /// Prints all that is kept, and what follows if it is followed.
  mutating func show(_ patterns: [String], by line: inout RunLine, follows: Bool) throws {
    guard line.minor > 0 else {
      return try follow(
        .output(of: patterns, lines: lines, follows: follows), patterns, by: &line, isPast: true)
    }
    var rest = lines
    if follows {
      // The files take time to print. Output that comes meanwhile is in no hurry, so the root is
      // asked for it only then.
      try follow(.allOutput(of: patterns, follows: false), patterns, by: &line, lines: lines)
      rest = nil
    }
    try follow(.allOutput(of: patterns, follows: follows), patterns, by: &line, lines: rest)
  }

  private mutating func follow(
    _ purpose: DeskRequest.Purpose, _ patterns: [String], by line: inout RunLine,
    lines: Int? = nil, isPast: Bool = false
  ) throws {
    var isPast = isPast
    try line.follow(purpose) { content in
      switch content {
      case .output(let output) where isPast: try print(output)
      case .output(let output): held.append(output)
      case .dropped(let count): try printer.printLoss(of: count)
      case .past(let number):
        try showPast(patterns, upTo: number, lines)
        isPast = true
      default: break
      }
    }
    // The run has ended before its root could report what is in the files.
    if !isPast { try showPast(patterns, upTo: .max, lines) }
  }

  /// Prints what is kept in files although nobody answers.
  mutating func showFiles(of words: [String]) throws {
    try showPast(words, upTo: .max, lines)
    try finish()
  }

  private mutating func showPast(_ patterns: [String], upTo number: UInt64, _ lines: Int?) throws {
    var tail = lines.map { LastLines($0) }
    let wanted = patterns.map { NodePattern($0) }
    var known: [String: Bool] = [:]
    func take(_ output: RunOutput) throws {
      guard output.number > last else { return }
      last = output.number
      guard wants(output) else { return }
      if tail == nil { try printer.print(output) } else { tail?.add(output) }
    }
    if let directory = run.directory, let user = run.root?.user, number > last {
      try KeptOutput.forEach(
        in: directory, of: user, last + 1..<(number == .max ? number : number + 1),
        where: { address in
          if let isWanted = known[address] { return isWanted }
          let isWanted = wanted.isEmpty || wanted.contains { $0.covers(address) }
          known[address] = isWanted
          return isWanted
        }, take)
    }
    // A piece may have come twice: as one of the past, and as one that follows.
    for output in held.sorted(by: { $0.number < $1.number }) { try take(output) }
    held = []
    for output in tail?.last ?? [] { try printer.print(output) }
  }

  private mutating func print(_ output: RunOutput) throws {
    guard output.number == 0 || output.number > last, wants(output) else { return }
    try printer.print(output)
  }

  mutating func finish() throws { try printer.finish() }
}
