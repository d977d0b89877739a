// SPDX-License-Identifier: MIT
/*
 * Bring-up of a module and of a TD, call by call.
 */
#include "box.h"

#include <stdio.h>
#include <stdlib.h>

struct box *box_create(const char *more_config)
{
	static struct platform_config config;
	struct box *b = calloc(1, sizeof(*b));
	char text[32768], err[200];
	size_t len;
	const char *base = platform_builtin("transcripts", &len);

	snprintf(text, sizeof(text), "%.*s\nencryption on\nlps 4\n%s\n", (int)len, base, more_config);
	if (!platform_config_parse(&config, "box", text, strlen(text), err, sizeof(err)))
		print_error("%s\n", err);
	b->p = platform_create(&config, err, sizeof(err));
	if (!b->p)
		print_error("%s\n", err);
	assert_non_null(b->p);
	b->m = module_create(b->p);
	assert_non_null(b->m);
	b->free = BOX_TDMR;
	return b;
}

void box_destroy(struct box *b)
{
	module_destroy(b->m);
	platform_destroy(b->p);
	free(b);
}

uint64_t box_call4(struct box *b, unsigned lp, uint64_t leaf, uint64_t rcx, uint64_t rdx, uint64_t r8, uint64_t r9)
{
	memset(&b->regs, 0, sizeof(b->regs));
	b->regs.gpr[GPR_RAX] = leaf;
	b->regs.gpr[GPR_RCX] = rcx;
	b->regs.gpr[GPR_RDX] = rdx;
	b->regs.gpr[GPR_R8] = r8;
	b->regs.gpr[GPR_R9] = r9;
	assert_int_equal(module_seamcall(b->m, lp, &b->regs), MODULE_TO_HOST);
	return b->regs.gpr[GPR_RAX];
}

static void write_host(struct box *b, uint64_t pa, const void *bytes, uint64_t len)
{
	assert_true(mem_host_write(&b->p->mem, MEM_NO_LP, pa, bytes, len));
}

void box_boot(struct box *b)
{
	const uint64_t tdmr[] = { BOX_TDMR, 1ull << 30, 0x5000000, 0x1000, 0x5002000, 0x2000, 0x5400000, 0x400000 };
	const uint64_t list = BOX_HOST;

	box_ok(b, 0, LEAF_TDH_SYS_INIT, 0, 0, 0, 0);
	for (unsigned lp = 0; lp < b->p->config.lps; lp++)
		box_ok(b, lp, LEAF_TDH_SYS_LP_INIT, 0, 0, 0, 0);
	write_host(b, BOX_HOST, tdmr, sizeof(tdmr));
	write_host(b, BOX_HOST + 0x1000, &list, sizeof(list));
	box_ok(b, 0, LEAF_TDH_SYS_CONFIG, BOX_HOST + 0x1000, 1, 32, 0);
	for (unsigned pkg = 0; pkg < b->p->config.packages; pkg++)
		box_ok(b, pkg, LEAF_TDH_SYS_KEY_CONFIG, 0, 0, 0, 0);
	for (unsigned i = 0; i < 256; i++)
		box_ok(b, 0, LEAF_TDH_SYS_TDMR_INIT, BOX_TDMR, 0, 0, 0);
}

uint64_t box_page(struct box *b)
{
	uint64_t pa = b->free;

	b->free += 4096;
	return pa;
}

uint64_t box_page_type(struct box *b, uint64_t pa)
{
	box_ok(b, 0, LEAF_TDH_PHYMEM_PAGE_RDMD, pa, 0, 0, 0);
	return b->regs.gpr[GPR_RCX];
}

static void write_td_params(struct box *b)
{
	uint8_t params[1024] = { 0 };
	const uint64_t xfam = 3, max_vcpus = 4, eptp = 0x1e;
	const uint16_t tsc = 40;

	memcpy(params, &b->attributes, 8);
	memcpy(params + 8, &xfam, 8);
	memcpy(params + 16, &max_vcpus, 2);
	params[18] = (uint8_t)b->l2_vms;
	memcpy(params + 24, &eptp, 8);
	memcpy(params + 40, &tsc, 2);
	write_host(b, BOX_HOST, params, sizeof(params));
}

uint64_t box_td(struct box *b, unsigned hkid, uint64_t *tdvpr)
{
	uint64_t tdr = box_page(b);

	box_ok(b, 0, LEAF_TDH_MNG_CREATE, tdr, hkid, 0, 0);
	for (unsigned pkg = 0; pkg < b->p->config.packages; pkg++)
		box_ok(b, pkg, LEAF_TDH_MNG_KEY_CONFIG, tdr, 0, 0, 0);
	for (unsigned i = 0; i < 6 + b->l2_vms; i++)
		box_ok(b, 0, LEAF_TDH_MNG_ADDCX, box_page(b), tdr, 0, 0);
	write_td_params(b);
	box_ok(b, 0, LEAF_TDH_MNG_INIT, tdr, BOX_HOST, 0, 0);
	*tdvpr = box_page(b);
	box_ok(b, 0, LEAF_TDH_VP_CREATE, *tdvpr, tdr, 0, 0);
	for (unsigned i = 0; i < 5 + TDVPS_PAGES_PER_L2 * b->l2_vms; i++)
		box_ok(b, 0, LEAF_TDH_VP_ADDCX, box_page(b), *tdvpr, 0, 0);
	box_ok(b, 0, LEAF_TDH_VP_INIT, *tdvpr, 0, 0, 0);
	for (unsigned level = 3; level; level--)
		box_ok(b, 0, LEAF_TDH_MEM_SEPT_ADD, level, tdr, box_page(b), 0);
	return tdr;
}

uint64_t box_add_page(struct box *b, uint64_t tdr, uint64_t gpa, uint8_t byte)
{
	uint64_t page = box_page(b);

	assert_true(mem_host_fill(&b->p->mem, MEM_NO_LP, BOX_HOST, 4096, byte));
	box_ok(b, 0, LEAF_TDH_MEM_PAGE_ADD, gpa, tdr, page, BOX_HOST);
	box_ok(b, 0, LEAF_TDH_MR_EXTEND, gpa, tdr, 0, 0);
	return page;
}

int box_setup(void **state)
{
	struct box *b = box_create("");

	box_boot(b);
	*state = b;
	return 0;
}

int box_teardown(void **state)
{
	box_destroy(*state);
	return 0;
}
