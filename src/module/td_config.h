/* SPDX-License-Identifier: MIT */
/*
 * Rules for the configuration of a TD, whether TDH.MNG.INIT sets it or an import brings it. Each function says what
 * is wrong, NULL if nothing.
 */
#ifndef SEAMLESS_MODULE_TD_CONFIG_H
#define SEAMLESS_MODULE_TD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct module;
struct td;

const char *td_attributes_problem(uint64_t attributes);
/* EPTP without the address of the root. */
const char *td_eptp_problem(const struct module *m, uint64_t eptp, bool gpaw);
/* Takes over a leaf of CPUID_VALUES, by its index in cpuid_rules. */
const char *td_cpuid_import(struct call *c, size_t index, const uint32_t reg[4]);

#endif
