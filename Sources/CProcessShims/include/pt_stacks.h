#pragma once
#include <stdint.h>

/// The signal by which a thread is asked for its stack.
int pt_stacks_signal(void);

/// From now on each thread of this process that gets the signal writes its stack into the named pipe
/// `DIRECTORY/PID.TID.s`, if that is there and somebody reads it. Leaves a program's own handler of the
/// signal alone.
int pt_stacks_answer(const char *_Nonnull directory);

/// Takes the first look at a stack, which may load a library, and looks up symbols. A clone of this process
/// need not do that again.
void pt_stacks_prepare(void);

/// Sends the signal to one thread of a process.
int pt_stacks_ask(int32_t pid, int32_t thread);
