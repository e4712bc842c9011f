internal import ProcessTreeLinks

/// The standard output of a command as a sequence of lines, frames or chunks.
///
/// See ``CommandRun/lines``. If ``Command/standardOutput`` is not a pipe, iterating throws
/// `notPiped`.
///
/// One task reads at a time. The sequences of one command share its output: bytes that one has not
/// taken go to the next, in its own form. The sequence ends with the output, however the command
/// ended; ``CommandRun/waitForSuccess()`` checks its end.
public struct CommandOutput<Element: Sendable>: AsyncSequence, Sendable {
  let run: CommandRun
  let unit: CommandOutputReader.Unit
  let convert: @Sendable ([UInt8]) -> Element

  /// The elements, one after another.
  public struct Iterator: AsyncIteratorProtocol {
    let output: CommandOutput

    /// Waits for the next element.
    ///
    /// - Returns: The element; `nil` at the end of the output.
    /// - Throws: `lineTooLong`, `frameTooLong`, `incompleteFrame`, `alreadyReading`, `notPiped`,
    ///   and `CancellationError` after ending the command.
    public mutating func next() async throws -> Element? {
      let unit = output.unit
      let controller = output.run.controller
      // Most elements have already been read, together with an earlier one.
      if controller.loop.isCurrent, !Task.isCancelled,
        let item = controller.value.output?.takeBuffered(unit)
      {
        return output.convert(item)
      }
      return try await output.run.onLoop { controller in
        guard let reader = controller.output else {
          throw CommandError.notPiped("output", of: controller.command)
        }
        return try await reader.next(unit)
      }
      .map(output.convert)
    }
  }

  /// Begins with the first byte that has not been taken.
  public func makeAsyncIterator() -> Iterator { Iterator(output: self) }
}

extension CommandRun {
  /// The longest line that ``lines`` gives, in bytes.
  public static var defaultLineLimit: Int { 1 << 20 }

  /// The longest frame that ``frames`` gives, in bytes.
  public static var defaultFrameLimit: Int { 64 << 20 }

  /// The lines of the standard output, without their line feeds; the last line may lack it.
  ///
  /// Invalid UTF-8 is replaced by replacement characters; ``chunks`` gives the bytes.
  public var lines: CommandOutput<String> { lines(limit: Self.defaultLineLimit) }

  /// The lines of the standard output, each of at most `limit` bytes.
  public func lines(limit: Int) -> CommandOutput<String> {
    CommandOutput(run: self, unit: .line(limit: limit)) { String(decoding: $0, as: UTF8.self) }
  }

  /// The frames of the standard output: four bytes of length, little-endian, then the element's
  /// bytes.
  public var frames: CommandOutput<[UInt8]> { frames(limit: Self.defaultFrameLimit) }

  /// The frames of the standard output, each of at most `limit` bytes.
  public func frames(limit: Int) -> CommandOutput<[UInt8]> {
    CommandOutput(run: self, unit: .frame(limit: limit)) { $0 }
  }

  /// The bytes of the standard output as they arrive, at most 64 KiB at a time.
  public var chunks: CommandOutput<[UInt8]> {
    CommandOutput(run: self, unit: .chunk) { $0 }
  }
}
