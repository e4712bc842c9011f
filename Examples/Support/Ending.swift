import Glibc
import ProcessTree

/// The ways in which a child may end without a result.
enum Ending: String, CaseIterable, Codable, Sendable {
  case uncaughtError = "uncaught error"
  case fatalError = "fatal error"
  case outOfBounds = "array index out of bounds"
  case badPointer = "bad pointer"
  case abort = "abort"
  case stackOverflow = "stack overflow"
  case killedFromOutside = "killed from outside"
  case exitBehindOurBack = "exit(7) of the C library"
  case exit = "node.exit(3)"
  case noResult = "ends without a result"
  case unencodableResult = "result cannot be encoded"
  case couldNotStart = "cannot start in time"

  /// Whether this is what the parent ought to learn of it.
  func isExplained(by report: ExitReport) -> Bool {
    switch (self, report.cause) {
    case (.uncaughtError, .failed(let type, _)): type.hasSuffix(".OutOfPaper")
    case (.fatalError, .crashed(let signal)), (.outOfBounds, .crashed(let signal)):
      // The trap instruction differs between processors.
      [SIGILL, SIGTRAP].contains(signal)
    case (.badPointer, .crashed(let signal)), (.stackOverflow, .crashed(let signal)):
      signal == SIGSEGV
    case (.abort, .crashed(let signal)): signal == SIGABRT
    case (.killedFromOutside, .killed(let signal)): signal == SIGKILL
    case (.exitBehindOurBack, .exitedWithoutResult(let code)): code == 7
    case (.exit, .exited(let code)): code == 3
    case (.noResult, .exitedWithoutResult(let code)): code == 0
    case (.unencodableResult, .failed(_, let text)): text.contains("this never travels")
    case (.couldNotStart, .couldNotStart): true
    default: false
    }
  }
}

/// An error of a program.
struct OutOfPaper: Error, Codable {
  var sheets: Int
}

/// A result that cannot be sent.
struct Unencodable: Codable, Sendable {
  var number: Int

  func encode(to encoder: any Encoder) throws {
    throw EncodingError.invalidValue(
      self, .init(codingPath: encoder.codingPath, debugDescription: "this never travels"))
  }
}
