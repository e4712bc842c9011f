internal import ProcessTreeLinks

/// The standard output of a command as a sequence of lines, frames or chunks; see
/// ``CommandRun/lines``.
///
/// There is one as long as ``Command/standardOutput`` is a pipe; else iterating throws `notPiped`.
///
/// One task reads at a time. Sequences of one command share what was read: what one has not taken
/// the next one gets, in its own form. The sequence ends with the output, however the command
/// ended; ask ``CommandRun/waitForSuccess()`` for that.
public struct CommandOutput<Element: Sendable>: AsyncSequence, Sendable {
  let run: CommandRun
  let unit: CommandOutputBuffer.Unit
  let convert: @Sendable ([UInt8]) -> Element

  /// Takes the items one after another.
  public struct Iterator: AsyncIteratorProtocol {
    let output: CommandOutput

    /// The next item; nil at the end.
    ///
    /// Throws `lineTooLong`, `frameTooLong`, `incompleteFrame`, `alreadyReading`, `notPiped` when the
    /// command's standard output is no pipe, and `CancellationError`, in which case the command is
    /// ended.
    public mutating func next() async throws -> Element? {
      let unit = output.unit
      let controller = output.run.controller
      // Most items are there already, read together with one before.
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

  /// Starts iterating, from the next byte on that nobody has taken.
  public func makeAsyncIterator() -> Iterator { Iterator(output: self) }
}

extension CommandRun {
  /// The longest line that ``lines`` gives, in bytes.
  public static var defaultLineLimit: Int { 1 << 20 }

  /// The longest frame that ``frames`` gives, in bytes.
  public static var defaultFrameLimit: Int { 64 << 20 }

  /// The lines of the standard output, without their line feeds; the last one may lack it.
  ///
  /// Bytes that are no UTF-8 become replacement characters: see ``chunks`` for those.
  public var lines: CommandOutput<String> { lines(limit: Self.defaultLineLimit) }

  /// The lines of the standard output, each of at most `limit` bytes.
  public func lines(limit: Int) -> CommandOutput<String> {
    CommandOutput(run: self, unit: .line(limit: limit)) { String(decoding: $0, as: UTF8.self) }
  }

  /// The frames of the standard output: each is four bytes of length, little-endian, then as many
  /// bytes, which are the element.
  public var frames: CommandOutput<[UInt8]> { frames(limit: Self.defaultFrameLimit) }

  /// The frames of the standard output, each of at most `limit` bytes.
  public func frames(limit: Int) -> CommandOutput<[UInt8]> {
    CommandOutput(run: self, unit: .frame(limit: limit)) { $0 }
  }

  /// The bytes of the standard output as they come, at most 64 KiB at a time.
  public var chunks: CommandOutput<[UInt8]> {
    CommandOutput(run: self, unit: .chunk) { $0 }
  }
}
