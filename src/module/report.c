// SPDX-License-Identifier: MIT
/*
 * TDINFO and its hash.
 */
#include "module/report.h"

#include <string.h>
#include "platform/crypto.h"

static void copy(uint8_t to[48], const uint8_t from[48], bool ignored)
{
	if (!ignored)
		memcpy(to, from, 48);
}

/* TDCS.tee_info_hash_valid. Who holds the RTMRs shared may be several. */
enum { HASH_NONE, HASH_VALID, HASH_COMING };

static void fill(const struct tdcs *tdcs, unsigned ignore, struct tdinfo *info)
{
	memset(info, 0, sizeof(*info));
	info->attributes = ignore & TDINFO_IGNORE_ATTRIBUTES ? 0 : tdcs->attributes;
	info->xfam = ignore & TDINFO_IGNORE_XFAM ? 0 : tdcs->xfam;
	copy(info->mrtd, tdcs->mrtd, ignore & TDINFO_IGNORE_MRTD);
	copy(info->mrconfigid, tdcs->mrconfigid, ignore & TDINFO_IGNORE_MRCONFIGID);
	copy(info->mrowner, tdcs->mrowner, ignore & TDINFO_IGNORE_MROWNER);
	copy(info->mrownerconfig, tdcs->mrownerconfig, ignore & TDINFO_IGNORE_MROWNERCONFIG);
	for (unsigned i = 0; i < 4; i++)
		copy(info->rtmr[i], tdcs->rtmr[i], ignore & TDINFO_IGNORE_RTMR(i));
	copy(info->servtd_hash, tdcs->servtd_hash, ignore & TDINFO_IGNORE_SERVTD_HASH);
}

bool tdinfo_fill(struct tdcs *tdcs, unsigned ignore, struct tdinfo *info, uint8_t hash[48])
{
	uint8_t none = HASH_NONE;

	fill(tdcs, ignore, info);
	if (!ignore && __atomic_load_n(&tdcs->tee_info_hash_valid, __ATOMIC_ACQUIRE) == HASH_VALID) {
		memcpy(hash, tdcs->tee_info_hash, 48);
		return true;
	}
	if (!sha384_of(info, sizeof(*info), hash))
		return false;
	if (!ignore && __atomic_compare_exchange_n(&tdcs->tee_info_hash_valid, &none, HASH_COMING, false, __ATOMIC_RELAXED,
						   __ATOMIC_RELAXED)) {
		memcpy(tdcs->tee_info_hash, hash, 48);
		__atomic_store_n(&tdcs->tee_info_hash_valid, HASH_VALID, __ATOMIC_RELEASE);
	}
	return true;
}
