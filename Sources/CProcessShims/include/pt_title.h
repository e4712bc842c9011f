#pragma once

/// Finds the memory that ps reads, and moves the environment out of it.
int pt_title_prepare(void);

/// Shows a title in ps, top and pstree.
void pt_title_set(const char *_Nonnull title);
