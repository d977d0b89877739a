/* SPDX-License-Identifier: MIT */
/*
 * What the files of the TD share and others need not see.
 */
#ifndef VMM_TD_INTERNAL_H
#define VMM_TD_INTERNAL_H

#include "vmm/td.h"

/* A frame that will be the TD's; VMM_NO_FRAME with *err when none is left. */
uint64_t td_new_frame(struct vmm_td *td, enum vmm_level level, struct vmm_error *err);

/* 0 for TDX_SUCCESS, else -1 with *err. */
int td_call_failed(const char *call, tdx_status_t status, struct vmm_error *err);

/* Metadata fields: of the TD; the bits of `mask` of a vCPU's. */
int td_read_field(struct vmm_td *td, uint64_t field, uint64_t *value, struct vmm_error *err);
int td_write_vcpu_field(struct vmm_td *td, unsigned index, uint64_t field, uint64_t value,
			uint64_t mask, struct vmm_error *err);

/* Adds the missing pages of the secure EPT above an entry of `level` for `gpa`. Any thread. */
int td_sept_path(struct vmm_td *td, uint64_t gpa, unsigned level, struct vmm_error *err);

/* Remembers the page that TDH.MEM.PAGE.DEMOTE put below the 2 MiB entry of `gpa`. */
int td_sept_split(struct vmm_td *td, uint64_t gpa, struct vmm_error *err);

#endif
