import Glibc
import Pipelines

struct Double: Transform {
  func callAsFunction(_ number: Int) -> Int { number * 2 }
}

struct Word: Codable, Hashable, Sendable {
  var word: String
  var count: Int
}

struct Tokenize: Stage {
  static var isStateless: Bool { true }

  func process(_ line: String, emit: (Word) throws -> Void) throws {
    for word in line.split(separator: " ") { try emit(Word(word: String(word), count: 1)) }
  }
}

struct Count: Stage {
  var counts: [String: Int] = [:]

  mutating func process(_ word: Word, emit: (Word) throws -> Void) {
    counts[word.word, default: 0] += word.count
  }

  func finish(emit: (Word) throws -> Void) throws {
    for (word, count) in counts { try emit(Word(word: word, count: count)) }
  }
}

/// Gathers everything into one value.
struct Merge: Stage {
  var table: [String: Int] = [:]

  mutating func process(_ word: Word, emit: ([String: Int]) throws -> Void) {
    table[word.word, default: 0] += word.count
  }

  func finish(emit: ([String: Int]) throws -> Void) throws { try emit(table) }
}

/// Passes numbers on after a while that differs from one to the next.
struct Dawdle: Transform {
  var longest: UInt32

  func callAsFunction(_ number: Int) -> Int {
    usleep(UInt32(truncatingIfNeeded: number &* 7_919) % longest)
    return number
  }
}

/// Emits each number as often as its last digit.
struct Repeat: Stage {
  static var isStateless: Bool { true }

  func process(_ number: Int, emit: (Int) throws -> Void) throws {
    for _ in 0..<number % 10 { try emit(number) }
  }
}

/// Emits at its end how many numbers it has seen, and their sum.
struct Sum: Stage {
  var count = 0
  var sum = 0

  mutating func process(_ number: Int, emit: ([Int]) throws -> Void) {
    count += 1
    sum += number
  }

  func finish(emit: ([Int]) throws -> Void) throws { try emit([count, sum]) }
}

/// A number with the worker that had it and how many it had had before.
struct Seen: Codable, Sendable {
  var number: Int
  var worker: Int32
  var place: Int
}

struct Witness: Stage {
  var place = 0

  mutating func process(_ number: Int, emit: (Seen) throws -> Void) throws {
    try emit(Seen(number: number, worker: getpid(), place: place))
    place += 1
  }
}

/// Waits a little with each number, as for a service.
struct Fetch: AsyncStage {
  static var isStateless: Bool { true }

  func process(_ number: Int, emit: (Int) throws -> Void) async throws {
    try await Task.sleep(for: .milliseconds(1))
    try emit(number + 1)
  }
}

struct LastDigit: Transform {
  func callAsFunction(_ number: Int) -> Int { number % 10 }
}

struct Length: Transform {
  func callAsFunction(_ bytes: [UInt8]) -> Int { bytes.count }
}

struct Copy: Transform {
  func callAsFunction(_ bytes: [UInt8]) -> [UInt8] { bytes }
}

struct BadNumber: Error, Codable, Equatable {
  var number: Int
}

/// Throws at one number.
struct ThrowAt: Transform {
  var number: Int

  func callAsFunction(_ number: Int) throws -> Int {
    guard number != self.number else { throw BadNumber(number: number) }
    return number
  }
}

struct ThrowAtTheEnd: Stage {
  func process(_ number: Int, emit: (Int) throws -> Void) throws { try emit(number) }
  func finish(emit: (Int) throws -> Void) throws { throw BadNumber(number: -1) }
}

/// Ends its process at some numbers.
struct DieAt: Transform {
  var numbers: Set<Int>

  func callAsFunction(_ number: Int) -> Int {
    if numbers.contains(number) { kill(getpid(), SIGKILL) }
    return number
  }
}

/// Ends every process that decodes it.
struct Stillborn: Transform {
  var number = 0

  init() {}

  init(from decoder: any Decoder) throws { _exit(3) }

  func callAsFunction(_ number: Int) -> Int { number }
}

/// Leaves its process behind the library's back at a number.
struct ExitsAt: Transform {
  var number: Int

  func callAsFunction(_ number: Int) -> Int {
    if number == self.number { exit(3) }
    return number
  }
}

/// The same as a stage.
struct ExitsAtAsStage: Stage {
  static var isStateless: Bool { true }
  var number: Int

  func process(_ number: Int, emit: (Int) throws -> Void) throws {
    if number == self.number { exit(3) }
    try emit(number)
  }
}
