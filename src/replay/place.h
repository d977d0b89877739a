/* SPDX-License-Identifier: MIT */
/*
 * A replay that stops at a line and begins there again. The machine is a snapshot; what else a
 * replay knows between two lines is in the snapshot's note: which transcript, the line, values that
 * were captured, faults whose call has not come.
 */
#ifndef REPLAY_PLACE_H
#define REPLAY_PLACE_H

#include "replay/run.h"

/* Writes the snapshot that the options ask for, of the machine as it is before `line`. */
bool place_save(struct run *r, unsigned line);

/* Puts the replay where the options' snapshot was taken: r->m, r->begin and the rest. False: the
 * snapshot is of no replay or of another transcript; r->err says so. */
bool place_restore(struct run *r);

#endif
